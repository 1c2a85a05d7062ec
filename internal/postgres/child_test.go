package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A test that kills a run starts its own binary again, which then is a run of one
// release: it prints each event as a line and stops for good behind the line that
// it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("BLUEGREEN_TEST_SETTINGS") != "" {
		os.Exit(beChild())
	}
	os.Exit(m.Run())
}

func beChild() int {
	var s migration.Settings
	if err := json.Unmarshal([]byte(os.Getenv("BLUEGREEN_TEST_SETTINGS")), &s); err != nil {
		panic(err)
	}
	s.URL = release.Secret(os.Getenv("BLUEGREEN_TEST_URL")) // which JSON hides
	limitFiles()
	stop, _ := strconv.Atoi(os.Getenv("BLUEGREEN_TEST_STOP"))
	lines := 0
	db, err := postgres.New(s)
	if err != nil {
		panic(err)
	}
	on := migration.Systems{Database: db, Dumper: dumper(s, db), Counter: db, Progress: func(e migration.Event) {
		fmt.Println(e)
		if lines++; lines == stop {
			fmt.Println("stopped")
			select {}
		}
	}}
	if os.Getenv("BLUEGREEN_TEST_BACK") != "" {
		return goBackChild(s, on)
	}
	if s.Rehearsal.Where == migration.Production {
		on.Stage = stage(s)
	}
	if live := os.Getenv("BLUEGREEN_TEST_SERVING"); live != "" {
		contract, err := postgres.New(s.Contracts())
		if err != nil {
			panic(err)
		}
		on.Contract = migration.Line{Database: contract, Serving: func(context.Context) ([]migration.Serving, error) {
			return []migration.Serving{{Release: release.ID(live), As: "live in blue"}}, nil
		}}
	}
	run := migration.Run
	if os.Getenv("BLUEGREEN_TEST_SWEEP") != "" {
		run = migration.Sweep
	}
	_, err = run(context.Background(), s, on, release.ID(os.Getenv("BLUEGREEN_TEST_ID")), new(release.Findings))
	if err != nil {
		fmt.Printf("failed: %v\nhint: %s\n", err, release.HintOf(err))
		return 1
	}
	fmt.Println("done")
	return 0
}

// dumper is how a run of these settings backs up: quickly, unless it does at every
// run, which is for tests of backups, or rehearses on one.
func dumper(s migration.Settings, db *postgres.Database) migration.Dumper {
	if s.Backup.Policy == migration.Always || s.Rehearsal.Where != migration.Nowhere {
		return db
	}
	return quick{db}
}

// quick is a database whose backup is soon taken and proves nothing.
type quick struct{ *postgres.Database }

func (q quick) Dump(ctx context.Context, w io.Writer) (migration.Dumped, error) {
	state, err := q.State(ctx)
	if err == nil {
		_, err = io.WriteString(w, "all of it")
	}
	return migration.Dumped{Server: state.Server, Tool: state.Server, Schema: state.Version, At: time.Now()}, err
}

func (quick) Contents(context.Context, string) (migration.Contents, error) {
	return migration.Contents{}, nil
}

// goBackChild takes back what a release has done, of whose code nothing runs.
func goBackChild(s migration.Settings, on migration.Systems) int {
	to := migration.Return{Release: release.ID(os.Getenv("BLUEGREEN_TEST_ID")), Quiet: func(context.Context) error { return nil }}
	d, err := migration.GoBack(context.Background(), s, on, to, new(release.Findings))
	if err != nil || !d.Gone {
		fmt.Println(d, err)
		return 1
	}
	fmt.Println("done")
	return 0
}

// limitFiles makes the disk full for files beyond a size.
func limitFiles() {
	most, err := strconv.ParseUint(os.Getenv("BLUEGREEN_TEST_LARGEST_FILE"), 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		panic(err)
	}
}

// child is a run in a process of its own.
type child struct {
	t       testing.TB
	running *process.Running
	mu      sync.Mutex
	out     strings.Builder
	more    chan struct{}
}

func spawn(t testing.TB, s migration.Settings, id release.ID, env ...string) *child {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, more: make(chan struct{}, 1)}
	env = append(env, "BLUEGREEN_TEST_SETTINGS="+string(text), "BLUEGREEN_TEST_URL="+s.URL.Reveal(), "BLUEGREEN_TEST_ID="+string(id))
	c.running, err = process.Start(process.Command{Path: os.Args[0], Env: env, Stdout: io.Writer(c)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill() })
	return c
}

// Write takes the child's output.
func (c *child) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return c.out.Write(p)
}

func (c *child) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

// until waits for a line that begins so, and returns false when the child ended
// without it.
func (c *child) until(line string) bool {
	c.t.Helper()
	for {
		if strings.Contains("\n"+c.text(), "\n"+line) {
			return true
		}
		select {
		case <-c.more:
		case <-c.running.Done():
			return strings.Contains("\n"+c.text(), "\n"+line)
		}
	}
}

// kill ends the child as a lost power supply would.
func (c *child) kill() {
	_ = syscall.Kill(-c.running.Pid(), syscall.SIGKILL) // it may have ended
	c.wait()
}

func (c *child) wait() { <-c.running.Done() }
