package lab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// This test program is also the other processes that share a lab.
func TestMain(m *testing.M) {
	switch os.Getenv("LAB_TEST_ROLE") {
	case "start":
		found, err := lab.Start(context.Background(), os.Getenv("LAB_TEST_DIR"), io.Discard, "postgres", "redis", "registry")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(found.Postgres, found.Redis, found.Registry)
		os.Exit(0)
	case "nginx":
		becomeNginxOwner()
	}
	os.Exit(m.Run())
}

// another is this test program in another role.
func another(role, dir string) process.Command {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return process.Command{Path: self, Env: []string{"LAB_TEST_ROLE=" + role, "LAB_TEST_DIR=" + dir}}
}

// place is a folder that the services' own users can reach.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-lab-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, dir string, names ...string) *lab.Services {
	t.Helper()
	found, err := lab.Start(t.Context(), dir, os.Stderr, names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := found.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return found
}

type entry struct {
	Pid     int    `json:"pid"`
	Started string `json:"started"`
	Address string `json:"address"`
	Dir     string `json:"dir"`
}

func entries(t *testing.T, dir string) map[string]entry {
	t.Helper()
	have := map[string]entry{}
	text, err := os.ReadFile(filepath.Join(dir, "lab.json"))
	if err == nil {
		err = json.Unmarshal(text, &have)
	}
	if err != nil {
		t.Fatal(err)
	}
	return have
}

func write(t *testing.T, dir string, have map[string]entry) {
	t.Helper()
	text, err := json.Marshal(have)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "lab.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func dead(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return syscall.Kill(pid, 0) == syscall.ESRCH || strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

func TestProcessesThatStartAtOnceShareOneSet(t *testing.T) {
	t.Parallel()
	dir := place(t)
	outputs := make([]string, 3)
	var group errgroup.Group
	for i := range outputs {
		group.Go(func() error {
			out, err := process.Output(t.Context(), another("start", dir))
			outputs[i] = string(out)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	found := start(t, dir, "postgres", "redis", "registry")
	want := fmt.Sprintln(found.Postgres, found.Redis, found.Registry)
	if slices.ContainsFunc(outputs, func(out string) bool { return out != want }) {
		t.Fatalf("got %q, want all of them %q", outputs, want)
	}
	serves(t, found)
}

func serves(t *testing.T, found *lab.Services) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), found.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	options, err := redis.ParseURL(found.Redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	response, err := http.Get("http://" + found.Registry + "/v2/")
	if err := errors.Join(err, conn.Ping(t.Context()), client.Ping(t.Context()).Err()); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

func TestADeadServiceIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := place(t)
	start(t, dir, "postgres", "redis", "registry")
	before := entries(t, dir)
	for name, one := range before {
		if err := syscall.Kill(one.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(name, err)
		}
		eventually(t, "the end of "+name, func() bool { return dead(one.Pid) })
	}
	serves(t, start(t, dir, "postgres", "redis", "registry"))
	for name, one := range entries(t, dir) {
		if one.Pid == before[name].Pid || one.Address == before[name].Address {
			t.Errorf("%s was not started again: %+v", name, one)
		}
		if _, err := os.Stat(before[name].Dir); err == nil {
			t.Errorf("%s is still there", before[name].Dir)
		}
	}
}

func TestAServiceWhoseAddressIsSilentIsReplaced(t *testing.T) {
	t.Parallel()
	dir := place(t)
	start(t, dir, "redis")
	have := entries(t, dir)
	one := have["redis"]
	silent := one
	silent.Address = fmt.Sprintf("127.0.0.1:%d", lab.Ports(t, 1)[0])
	write(t, dir, map[string]entry{"redis": silent})
	start(t, dir, "redis")
	if !dead(one.Pid) || entries(t, dir)["redis"].Pid == one.Pid {
		t.Errorf("the silent one still runs, or nothing was started: %+v", entries(t, dir))
	}
}

func TestStopEndsAllOfOursAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := place(t)
	bystander, err := process.Start(process.Command{Path: "sleep", Args: []string{"300"}})
	if err != nil {
		t.Fatal(err)
	}
	defer bystander.Stop(context.Background())
	found := start(t, dir, "postgres", "redis", "registry")
	have := entries(t, dir)
	ours := maps.Clone(have)
	have["reused"] = entry{Pid: bystander.Pid(), Started: "the one that had this id before", Address: "127.0.0.1:1"}
	write(t, dir, have)
	if err := found.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, one := range ours {
		if !dead(one.Pid) {
			t.Errorf("%s still runs", name)
		}
	}
	select {
	case <-bystander.Done():
		t.Error("a process that has got a reused id was ended")
	default:
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*-*")); len(left) > 0 {
		t.Errorf("data was left behind: %v", left)
	}
}

// Not parallel: the folder of the shared lab is set for the whole process.
func TestDownIsForTheSharedLab(t *testing.T) {
	t.Setenv("BLUEGREEN_LAB", place(t))
	if _, err := lab.Up(t.Context(), os.Stderr, "redis"); err != nil {
		t.Fatal(err)
	}
	one := entries(t, os.Getenv("BLUEGREEN_LAB"))["redis"]
	if err := errors.Join(lab.Down(t.Context(), os.Stderr), lab.Down(t.Context(), os.Stderr)); err != nil {
		t.Fatal(err)
	}
	if !dead(one.Pid) {
		t.Error("it still runs")
	}
}

// Not parallel, for the same reason.
func TestWhatSomebodyNeedsIsNotStopped(t *testing.T) {
	t.Setenv("BLUEGREEN_LAB", place(t))
	var one entry
	within := func(f func() error) {
		t.Helper()
		if err := lab.Run(t.Context(), os.Stderr, func(*lab.Services) error {
			one = entries(t, os.Getenv("BLUEGREEN_LAB"))["redis"]
			return f()
		}); err != nil {
			t.Fatal(err)
		}
	}
	down := func() error { return lab.Down(t.Context(), os.Stderr) }
	within(func() error {
		within(down)
		if dead(one.Pid) {
			t.Error("it was stopped under a run, by another that has ended, or by hand")
		}
		return nil
	})
	if !dead(one.Pid) {
		t.Error("it runs on behind the last run")
	}
	within(lab.Keep)
	if dead(one.Pid) {
		t.Error("it was not kept")
	}
	if err := down(); err != nil || !dead(one.Pid) {
		t.Errorf("it was kept for ever, %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	private := filepath.Join(place(t), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		dir   string
		names []string
		want  string
	}{
		"an unknown service":                {place(t), []string{"mysql"}, `service "mysql": want one of postgres, pgbackrest, pgbouncer, redis`},
		"no service":                        {place(t), nil, "none is named"},
		"a folder postgres cannot get to":   {filepath.Join(private, "lab"), []string{"postgres"}, "cannot pass " + private},
		"a folder that cannot be made":      {"/dev/null/lab", []string{"redis"}, "not a directory"},
		"a lab.json that nobody can follow": {broken(t), []string{"redis"}, "lab.json: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(tt.dir, private) && os.Geteuid() != 0 {
				return // who is not root runs everything as itself
			}
			_, err := lab.Start(t.Context(), tt.dir, new(bytes.Buffer), tt.names...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func broken(t *testing.T) string {
	dir := place(t)
	if err := os.WriteFile(filepath.Join(dir, "lab.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
