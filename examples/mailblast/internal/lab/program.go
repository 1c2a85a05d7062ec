package lab

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Programs are MailBlast's, by their packages.
var programs = map[string]string{
	"backend": "./backend/cmd/backend", "worker": "./backend/cmd/worker", "frontend": "./frontend",
}

// Root is the folder of go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test: ", err)
	return ""
}

var build = sync.OnceValue(func() error {
	for name, pkg := range programs {
		out, err := exec.Command("go", "build", "-o", filepath.Join(folder, name), "github.com/bluegreen-actions/bluegreen/examples/mailblast/"+pkg[2:]).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
})

// Process is a running program of MailBlast.
type Process struct {
	command *exec.Cmd
	ended   chan struct{}
	mu      sync.Mutex
	log     bytes.Buffer
}

// Start starts a program with this environment and no other. It is killed at
// the end of the test if it still runs; its log is shown when the test failed.
func Start(t testing.TB, program string, env map[string]string, args ...string) *Process {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	p := &Process{command: exec.Command(filepath.Join(folder, program), args...), ended: make(chan struct{})}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p.command.Env = append(p.command.Env, name+"="+env[name])
	}
	p.command.Stdout, p.command.Stderr = p, p
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := onLastingThread(p.command.Start); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.command.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.Signal(syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("%s %s:\n%s", program, env["SLOT"], tail(p.Log(), 4000))
		}
	})
	return p
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// Write takes the output of the process.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// Log returns the output so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Signal sends a signal. A process that has ended ignores it.
func (p *Process) Signal(s syscall.Signal) { _ = p.command.Process.Signal(s) }

// Wait returns the exit status: -1 when it was killed.
func (p *Process) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(Deadline):
		t.Fatal("process does not end")
		return -1
	}
}

// Running reports whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}
