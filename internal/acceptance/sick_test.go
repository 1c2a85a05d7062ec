package acceptance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// slowly makes a look of the gates rare, so that what is noticed between two of
// them was noticed by itself.
const slowly = "20s"

func TestACrashOfTheCandidateEndsTheBakeAtOnce(t *testing.T) {
	r := waiting(t)
	good, stop := r.candidate().Other(), r.firstUsers(t)
	defer stop()
	victim := r.containerOf(t, "backend")
	s := r.shifting(t, "60s", inputs{"shift-tick": slowly})
	s.says(t, "pass at 10%")
	killed := r.killContainer(t, victim)
	got := s.end(t).want(t, 1)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0"})
	got.shows(t, "backend 1 exited with 137")
	r.stands(t, good, 100)
	log := got.shift(t)
	t.Logf("the engine said that the container died at %v; the decision came %v later, the write %v after that",
		killed.Format(time.TimeOnly), log.Back.Decided.Sub(killed).Round(time.Millisecond), log.Back.Write)
	r.recovers(t, victim)
}

func TestACandidateThatFailsTheQuestionsOfSmokeGoesBack(t *testing.T) {
	r := waiting(t)
	good, stop := r.candidate().Other(), r.firstUsers(t)
	defer stop()
	victim := r.containerOf(t, "frontend")
	s := r.shifting(t, "60s", inputs{"smoke-timeout": "3s"})
	s.says(t, "pass at 10%")
	r.docker(t, "pause", victim.ID) // it runs, and answers nothing
	defer r.recovers(t, victim)
	defer r.docker(t, "unpause", victim.ID)
	got := s.end(t).want(t, 1)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0"})
	got.shows(t, "smoke frontend: failed 2 times in a row")
	r.stands(t, good, 100)
	if log := got.shift(t); len(log.Steps) != 1 || log.Steps[0].Paused == 0 {
		t.Errorf("the first failure did not stop the clock: %+v", log.Steps)
	}
}

// shift reads the log that a shift has left.
func (r result) shift(t *testing.T) traffic.Log {
	t.Helper()
	var log traffic.Log
	text, err := os.ReadFile(filepath.Join(r.report, "shift.json"))
	if err == nil {
		err = json.Unmarshal(text, &log)
	}
	if err != nil || log.Back == nil {
		t.Fatalf("shift.json: %v\n%s", err, text)
	}
	return log
}

func (r *rollout) containerOf(t *testing.T, service string) slot.Container {
	t.Helper()
	all, err := r.engine.Containers(t.Context(), r.Project+"-"+string(r.candidate()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Service == service {
			return c
		}
	}
	t.Fatalf("%s has no %s", r.candidate(), service)
	return slot.Container{}
}

func (h *house) docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := process.Output(t.Context(), process.Command{Path: "docker", Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

// killContainer kills its process as a fault would, without the engine, and
// returns when the engine says that it died.
func (h *house) killContainer(t *testing.T, c slot.Container) time.Time {
	t.Helper()
	pid, err := strconv.Atoi(h.docker(t, "inspect", "-f", "{{.State.Pid}}", c.ID))
	since := time.Now().Add(-time.Second)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
	var died int64
	eventually(t, "the engine tells of the death", func() bool {
		told := h.docker(t, "events", "--since", strconv.FormatInt(since.Unix(), 10), "--until", "0s",
			"--filter", "container="+c.ID, "--filter", "event=die", "--format", "{{.TimeNano}}")
		died, err = strconv.ParseInt(strings.SplitN(told, "\n", 2)[0], 10, 64)
		return err == nil
	})
	return time.Unix(0, died)
}

// recovers waits until the engine has started the container again.
func (r *rollout) recovers(t *testing.T, c slot.Container) {
	t.Helper()
	eventually(t, c.String()+" runs again", func() bool {
		health := r.docker(t, "inspect", "-f", "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}", c.ID)
		return health == "running healthy" || health == "running"
	})
	r.stands(t, r.candidate(), release.Weight(0))
}
