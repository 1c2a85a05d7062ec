package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// inputs is the with of a step.
type inputs map[string]string

// step is one action on its way, as a runner has started it.
type step struct {
	name    string
	dir     string // the files of the runner
	mark    string // a variable that every child inherits
	began   time.Time
	running *process.Running
	log     *journal
}

// result is what a runner knows of a step that has ended.
type result struct {
	status  int // -1 for one that was killed
	outputs map[string]string
	errors  []string // annotations
	summary string
	log     string
	report  string // folder of the reports
	took    time.Duration
}

// start runs the line of the action's own file, the way the runner does it.
func (r *rollout) start(t *testing.T, name string, with inputs, env ...string) *step {
	t.Helper()
	h, dir := r.house, t.TempDir()
	p := h.phases[name]
	given := inputs{"report": filepath.Join(dir, "report"), "token": h.secrets["GITHUB_TOKEN"]}
	if name != "preflight" {
		given["release"] = r.record(name)
	}
	if name == "rollback" { // the step in the job of the shift, which has just watched the good slot; the minute after it is watched elsewhere
		given["watch"], given["cold"] = "0s", "false"
	}
	for key, value := range with {
		given[key] = value
	}
	variables, err := p.environment(given)
	script := filepath.Join(dir, "step.sh")
	if err := errors.Join(err, os.WriteFile(script, []byte(p.script), 0o600)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	s := &step{name: name, dir: dir, mark: "ACCEPTANCE_MARK=" + filepath.Base(filepath.Dir(dir)) + "-" + filepath.Base(dir), log: new(journal), began: time.Now()}
	s.running, err = process.Start(process.Command{
		Path: "bash", Args: []string{"--noprofile", "--norc", "-e", "-o", "pipefail", script}, Dir: r.dir,
		Env:    append(append(append(h.job(r, name, s), variables...), s.mark), env...),
		Stdout: s.log, Stderr: s.log,
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { _ = s.running.Stop(context.Background()) }) // ended already, unless the test failed
	return s
}

// job is what the runner and the environment of the release set for a step.
func (h *house) job(r *rollout, name string, s *step) []string {
	all := []string{
		"GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=acme/mailblast", "GITHUB_ACTOR=octocat", "GITHUB_REF_NAME=main",
		fmt.Sprintf("GITHUB_RUN_ID=%d", r.run), fmt.Sprintf("GITHUB_RUN_ATTEMPT=%d", r.attempt), "GITHUB_SHA=" + r.commit,
		"GITHUB_WORKSPACE=" + r.dir, "GITHUB_ACTION_PATH=" + filepath.Join(h.Root, "actions", name),
		"GITHUB_OUTPUT=" + filepath.Join(s.dir, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(s.dir, "summary"),
	}
	for variable, value := range h.variables {
		all = append(all, variable+"="+value)
	}
	for _, secret := range h.phases[name].secrets {
		all = append(all, secret+"="+h.secrets[secret])
	}
	return all
}

// kill sends a signal to the process that the runner has started, and to no
// other: bash has become the program.
func (s *step) kill(signal syscall.Signal) { _ = syscall.Kill(s.running.Pid(), signal) }

func (s *step) over() bool {
	select {
	case <-s.running.Done():
		return true
	default:
		return false
	}
}

// says waits until the log has a line, and fails when the step ends without it.
func (s *step) says(t *testing.T, pattern string) {
	t.Helper()
	line := regexp.MustCompile(pattern)
	eventually(t, s.name+" says "+pattern, func() bool { return line.MatchString(s.log.text()) || s.over() })
	if !line.MatchString(s.log.text()) {
		t.Fatalf("%s ended without saying %q:\n%s", s.name, pattern, s.log.text())
	}
}

// end waits for the step and reads what it has left.
func (s *step) end(t *testing.T) result {
	t.Helper()
	select {
	case <-s.running.Done():
	case <-time.After(patience):
		t.Fatalf("%s did not end within %v:\n%s", s.name, patience, s.log.text())
	}
	got := result{log: s.log.text(), took: time.Since(s.began), report: filepath.Join(s.dir, "report")}
	if problem, ok := errors.AsType[*process.Error](s.running.Wait()); ok {
		got.status = problem.Status
	}
	outputs, _ := os.ReadFile(filepath.Join(s.dir, "output"))
	summary, _ := os.ReadFile(filepath.Join(s.dir, "summary"))
	var err error
	if got.outputs, err = runnertest.Outputs(string(outputs)); err != nil {
		t.Errorf("%s: outputs: %v", s.name, err)
	}
	got.summary = string(summary)
	commands, _ := runnertest.Read(got.log)
	for _, c := range commands {
		if c.Name == "error" {
			got.errors = append(got.errors, c.Data)
		}
	}
	return got
}

// want fails unless the step ended with this status.
func (r result) want(t *testing.T, status int) result {
	t.Helper()
	if r.status != status {
		t.Fatalf("exit status %d, want %d:\n%s", r.status, status, r.log)
	}
	return r
}

// shows fails unless the summary has a text.
func (r result) shows(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(r.summary, text) {
		t.Errorf("the summary does not say %q:\n%s", text, r.summary)
	}
}

// has fails unless the outputs have these values.
func (r result) has(t *testing.T, want inputs) {
	t.Helper()
	for name, value := range want {
		if r.outputs[name] != value {
			t.Errorf("output %s is %q, want %q", name, r.outputs[name], value)
		}
	}
}

// journal keeps what a step prints.
type journal struct {
	mu  sync.Mutex
	all strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.Write(p)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.String()
}
