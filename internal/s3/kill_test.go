package s3_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

// A test that kills a run starts its own binary again, which then is one run: it
// backs up, uploads, and applies nothing.
func TestMain(m *testing.M) {
	if os.Getenv("BLUEGREEN_TEST_DUMP") != "" {
		os.Exit(storeOne())
	}
	if text := os.Getenv("BLUEGREEN_TEST_SETTINGS"); text != "" {
		var s migration.Settings
		err := json.Unmarshal([]byte(text), &s)
		s.URL, s.Backup.S3.SecretKey = "postgres://u@h/d", release.Secret(os.Getenv("BLUEGREEN_TEST_SECRET"))
		if _, err = run(context.Background(), s, err); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// run is a run on a database in memory, whose dump is always the same.
func run(ctx context.Context, s migration.Settings, err error) (migration.Report, error) {
	if err != nil {
		return migration.Report{}, err
	}
	v, err := s3.New(s.Backup.S3, s.Backup.Timeout)
	if err != nil {
		return migration.Report{}, err
	}
	db := database{}
	return migration.Run(ctx, s, migration.Systems{Database: db, Dumper: db, Vault: v}, "shop-1", new(release.Findings))
}

// database is one without migrations, of some rows.
type database struct {
	migration.Database // what is not below is never asked
	migration.Session
}

const content = "a dump of some size"

func (database) State(context.Context) (migration.State, error) {
	return migration.State{Version: migration.None, Server: "15.4", Database: "shop", System: "7"}, nil
}

func (d database) Lock(context.Context, release.ID, func(string)) (migration.Session, error) {
	return d, nil
}

func (d database) Settle(ctx context.Context, _ migration.Set) (migration.State, error) {
	return d.State(ctx)
}

func (database) Rest(context.Context, []migration.Fill) ([]migration.Rest, error) { return nil, nil }

func (database) Try(context.Context, migration.Step) ([]string, error) {
	return nil, errors.New("there is nothing to try")
}

func (database) Hold(context.Context, []migration.Held) error { return nil }

func (database) Close() {}

func (database) Dump(_ context.Context, w io.Writer) (migration.Dumped, error) {
	_, err := io.WriteString(w, content)
	return migration.Dumped{Server: "15.4", Tool: "15.4", Schema: migration.None, At: time.Now()}, err
}

func (database) Contents(_ context.Context, path string) (migration.Contents, error) {
	text, err := os.ReadFile(path)
	if err == nil && string(text) != content {
		err = errors.New("it is not what was dumped")
	}
	return migration.Contents{}, err
}

func (s settings) spawn(t *testing.T) *process.Running {
	t.Helper()
	text, err := json.Marshal(migration.Settings(s))
	if err != nil {
		t.Fatal(err)
	}
	child, err := process.Start(process.Command{Path: os.Args[0], Env: []string{"BLUEGREEN_TEST_SETTINGS=" + string(text), "BLUEGREEN_TEST_SECRET=" + s.Backup.S3.SecretKey.Reveal()}, Stdout: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return child
}

type settings migration.Settings

// TestARunThatIsKilledAtAnyRequestIsRepeated kills a run before and behind each
// request to the store, in a folder that stays and in one that is nobody's, and
// runs it again: there is one backup more with its manifest, and nothing half made.
func TestARunThatIsKilledAtAnyRequestIsRepeated(t *testing.T) {
	t.Parallel()
	for _, passing := range []bool{false, true} {
		for _, behind := range []bool{false, true} {
			t.Run(fmt.Sprintf("passing %t, behind %t", passing, behind), func(t *testing.T) {
				t.Parallel()
				for n := 1; killAt(t, n, passing, behind); n++ {
				}
			})
		}
	}
}

// killAt kills at the nth request, and reports whether there was one.
func killAt(t *testing.T, n int, passing, behind bool) bool {
	t.Helper()
	at := store(t)
	s := settings{URL: "postgres://u@h/d", Folder: t.TempDir(), Table: "schema_migrations", Wait: 10 * time.Minute,
		Down: migration.Never, Rehearsal: migration.Rehearsals{Where: migration.Nowhere, Data: migration.Backup}, // words that a child can read
		Backup: migration.Backups{Directory: filepath.Join(t.TempDir(), "backups"), Keep: 7, Policy: migration.Always, MinimumRatio: 0.5, Timeout: 10 * time.Minute, Passing: passing, S3: bucket(at)}}
	reached, over := make(chan string), make(chan struct{})
	hook := func(have int, op string) {
		if have == n {
			reached <- op
			<-over
		}
	}
	hooks := s3test.Hooks{Before: hook}
	if behind {
		hooks = s3test.Hooks{After: hook}
	}
	at.Hook(hooks)
	child, op := s.spawn(t), ""
	select {
	case op = <-reached:
		_ = syscall.Kill(-child.Pid(), syscall.SIGKILL) // it waits for an answer
		<-child.Done()
	case <-child.Done():
		if err := child.Wait(); err != nil {
			t.Fatalf("it was not killed: %v", err)
		}
	}
	close(over)
	at.Hook(s3test.Hooks{})
	report, err := run(t.Context(), migration.Settings(s), nil)
	if err != nil {
		t.Fatalf("killed at %s, and again: %v", op, err)
	}
	s.whole(t, op, report)
	if left := at.Uploads(); len(left) != 0 {
		t.Errorf("killed at %s: unfinished uploads %q", op, left)
	}
	return op != ""
}

// whole looks at what is kept, here and there.
func (s settings) whole(t *testing.T, op string, report migration.Report) {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	if m := report.Backup; m == nil || m.Copy == nil || m.SHA256 != hex.EncodeToString(sum[:]) || len(report.Stored) == 0 || len(report.Stored) > 2 ||
		report.Stored[len(report.Stored)-1].Name != m.Name {
		t.Errorf("killed at %s: %+v, stored %+v", op, m, report.Stored)
	}
	entries, err := os.ReadDir(s.Backup.Directory)
	if err != nil {
		t.Fatal(err)
	}
	dumps := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".draft-") {
			t.Errorf("killed at %s: %s is left", op, e.Name())
		}
		if migration.IsDump(e.Name()) {
			dumps++
		}
	}
	if want := map[bool]int{false: 1, true: 0}[s.Backup.Passing]; dumps != want {
		t.Errorf("killed at %s: %d dumps in the folder, want %d", op, dumps, want)
	}
}
