//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// eventually polls until it holds, for as long as a very slow machine needs.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	pid := 0
	eventually(t, "a process id in "+file, func() bool {
		text, _ := os.ReadFile(file)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0 && strings.HasSuffix(string(text), "\n")
	})
	return pid
}

func TestStopInterruptsFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := sh(`trap 'echo yes >interrupted; exit 7' INT TERM; echo $$ >pid; while :; do sleep 0.05; done`)
	c.Dir = dir
	r, err := process.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := pidIn(t, filepath.Join(dir, "pid")); got != r.Pid() {
		t.Errorf("pid %d, want %d", r.Pid(), got)
	}
	if err := errors.Join(r.Stop(t.Context()), r.Wait(), r.Stop(t.Context())); err != nil {
		t.Errorf("a stopped process: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "interrupted")); err != nil {
		t.Error(err)
	}
}

func TestTheWholeGroupIsKilledAfterPatience(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a leader that ignores the signal":           `trap '' INT TERM; (trap '' INT TERM; exec sleep 300) & echo $! >child; wait; sleep 300`,
		"a leader that leaves, a child that ignores": `(trap '' INT TERM; exec sleep 300) >/dev/null 2>&1 & echo $! >child; trap 'exit 0' INT TERM; while :; do sleep 0.05; done`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := sh(script)
			c.Dir = t.TempDir()
			r, err := process.Start(c)
			if err != nil {
				t.Fatal(err)
			}
			child := pidIn(t, filepath.Join(c.Dir, "child"))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := r.Stop(ctx); err != nil {
				t.Error(err)
			}
			eventually(t, "the end of the child", func() bool { return gone(child) })
		})
	}
}

func TestRunKillsWhatIgnoresTheSignal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := sh(`trap '' INT TERM; echo ready >&2; sleep 300`)
	c.Stderr = writer(func(string) { cancel() })
	if err := process.Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the end of the context", err)
	}
}

func TestWaitTellsHowItEnded(t *testing.T) {
	t.Parallel()
	r, err := process.Start(sh("echo address in use >&2; exit 98"))
	if err != nil {
		t.Fatal(err)
	}
	<-r.Done()
	for _, err := range []error{r.Wait(), r.Stop(t.Context())} {
		if err == nil || err.Error() != "run sh -c: exit status 98: address in use" {
			t.Errorf("got %v", err)
		}
	}
}

// Not parallel: it changes how this whole process treats a signal.
func TestAnIgnoredInterruptIsReplaced(t *testing.T) {
	signal.Ignore(os.Interrupt)
	defer signal.Reset(os.Interrupt)
	c := sh(`trap 'echo yes >terminated; exit 0' TERM; echo $$ >pid; while :; do sleep 0.05; done`)
	c.Dir = t.TempDir()
	r, err := process.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	pidIn(t, filepath.Join(c.Dir, "pid"))
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "terminated")); err != nil {
		t.Error(err)
	}
}

func TestADetachedProcessHasASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := sh(`echo out; echo err >&2; echo $$ >pid; exec sleep 300`)
	c.Dir = dir
	pid, err := process.Detach(c, log)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	pidIn(t, filepath.Join(dir, "pid"))
	if sid, err := unix.Getsid(pid); sid != pid {
		t.Errorf("session %d, %v, want its own, %d", sid, err, pid)
	}
	if text, err := os.ReadFile(log.Name()); string(text) != "out\nerr\n" {
		t.Errorf("log %q, %v", text, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no zombie", func() bool { return gone(pid) })
}

// gone counts what has ended and was not reaped, since a container may have no init.
func gone(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return syscall.Kill(pid, 0) == syscall.ESRCH || strings.Contains(string(stat), ") Z ")
}
