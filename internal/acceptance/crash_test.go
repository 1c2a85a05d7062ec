package acceptance_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// moment is when a step is killed. It waits until then, or until the step is over.
type moment struct {
	name string
	wait func(*step)
}

// line is when the log has a line.
func line(pattern string) moment {
	p := regexp.MustCompile(pattern)
	return moment{"at " + pattern, func(s *step) {
		for !s.over() && !p.MatchString(s.log.text()) {
			time.Sleep(time.Millisecond)
		}
	}}
}

// random is some time after the start.
func random(most time.Duration) moment {
	d := rand.N(most).Round(time.Millisecond)
	return moment{fmt.Sprintf("after %v", d), func(s *step) {
		for end := s.began.Add(d); !s.over() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	}}
}

// when is a moment that is seen from outside.
func when(name string, holds func() bool) moment {
	return moment{name, func(s *step) {
		for !s.over() && !holds() {
			time.Sleep(time.Millisecond)
		}
	}}
}

// then waits some more after a moment.
func (m moment) then(d time.Duration) moment {
	return moment{fmt.Sprintf("%s and %v more", m.name, d), func(s *step) { m.wait(s); time.Sleep(d) }}
}

// kill sends SIGKILL to a step at its moment: nothing in it can clean up, and
// what it has started goes on.
func (m moment) kill(t *testing.T, s *step) result {
	t.Helper()
	m.wait(s)
	s.kill(syscall.SIGKILL)
	got := s.end(t)
	if got.status == -1 {
		t.Logf("%s was killed %s, %v after its start", s.name, m.name, got.took.Round(time.Millisecond))
	} else {
		t.Logf("%s was over before it could be killed %s: exit status %d\n%s", s.name, m.name, got.status, got.log)
	}
	return got
}

func TestAKilledDeploymentIsFinishedByTheNextOne(t *testing.T) {
	h := settled(t)
	l := h.users(t)
	h.vacate(t)
	r := h.propose(t, "none", 3)
	r.preflight(t)
	r.must(t, "build", nil)
	r.must(t, "migrate", nil)
	for _, m := range []moment{
		line(`: starting \[`), line(`backend[-_]1`), line(`creating \[worker\]`), random(2 * time.Second), random(4 * time.Second), line("watching it for"),
	} {
		m.kill(t, r.start(t, "deploy-green", nil))
		h.stands(t, r.candidate(), 0)
	}
	r.must(t, "deploy-green", nil)
	after := h.running(t, r.candidate())
	if live := h.running(t, r.candidate().Other()); len(after) != len(live) {
		t.Errorf("%d containers, and the live slot has %d: %v", len(after), len(live), after)
	}
	h.whole(t, r)
	r.must(t, "deploy-green", nil).has(t, inputs{"unchanged": "true"})
	if diff := cmp.Diff(after, h.running(t, r.candidate())); diff != "" {
		t.Errorf("an uninterrupted run changes it: %s", diff)
	}
	for _, m := range []moment{random(20 * time.Millisecond), random(60 * time.Millisecond)} {
		m.kill(t, r.start(t, "smoke", nil))
	}
	r.must(t, "smoke", nil).has(t, inputs{"failed": "0"})
	l.leave(t)
	h.ready = r
}

// whole fails unless the slot runs the release and nothing else: what serves is
// running, and the workers wait.
func (h *house) whole(t *testing.T, r *rollout) {
	t.Helper()
	images, id := r.facts(t).Images, r.id()
	var want []string
	for service, list := range map[string][]string{"backend 1": {"backend", "running"}, "frontend 1": {"frontend", "running"}, "worker 1": {"worker", "created"}, "worker 2": {"worker", "created"}} {
		want = append(want, fmt.Sprintf("%s %s of %s, %s", service, images[list[0]].Short(), id, list[1]))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, h.running(t, r.candidate())); diff != "" {
		t.Errorf("the slot is not as it should be: %s", diff)
	}
}

func TestAKilledShiftIsTakenBackOrGoesOn(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	token := r.tokenOf()
	for _, m := range []moment{
		when("before the first weight", func() bool { return r.tokenOf() != token }),
		line(`was given 10%`), line(`pass at 10%`), line(`was given 50%`), random(3 * time.Second), random(20 * time.Second),
	} {
		m.kill(t, r.shifting(t, "3s", nil))
		weights := r.weights(t)
		back := r.must(t, "rollback", inputs{"reason": "the shift was killed"})
		r.stands(t, good, 100)
		t.Logf("the traffic was %v; moved: %s, %s ms", weights, back.outputs["moved"], back.outputs["took-ms"])
	}
	r.takenBackByHalves(t)
	for _, m := range []moment{line(`pass at 10%`), line(`was given 50%`)} {
		m.kill(t, r.shifting(t, "1s", nil))
		was := r.weights(t)
		r.endLease(t)
		got := r.shift(t)
		got.has(t, inputs{"outcome": "shifted", "weight": "100"})
		r.stands(t, r.candidate(), 100)
		t.Logf("killed at %v; attempt %d went on and ended at 100%% after %v", was, r.attempt-1, got.took.Round(time.Second))
		r.must(t, "rollback", nil).has(t, inputs{"moved": "true", "slot": string(good)})
	}
	l.leave(t)
}

// takenBackByHalves kills the rollback itself, and runs it again.
func (r *rollout) takenBackByHalves(t *testing.T) {
	t.Helper()
	line(`was given 10%`).kill(t, r.shifting(t, "3s", nil))
	for _, m := range []moment{random(30 * time.Millisecond), random(200 * time.Millisecond), random(2 * time.Second)} {
		m.kill(t, r.start(t, "rollback", nil))
	}
	r.must(t, "rollback", nil).has(t, inputs{"slot": string(r.candidate().Other())})
	r.stands(t, r.candidate().Other(), 100)
}

func TestAKilledFinalizeIsFinishedByTheNextOne(t *testing.T) {
	r := waiting(t)
	old, l := r.candidate().Other(), r.users(t)
	r.shift(t)
	r.signoff(t, "product")
	for _, m := range []moment{random(30 * time.Millisecond), random(200 * time.Millisecond), line("finished and stopped")} {
		m.kill(t, r.start(t, "finalize", nil))
		r.stands(t, r.candidate(), 100)
	}
	r.complete(t)
	after := r.look(t, r)
	if _, claimed := r.page(t).Claims[r.candidate()]; claimed || !strings.Contains(after.Default, "slot "+string(r.candidate())) {
		t.Errorf("the release is not finished: claimed %v, nginx starts with %q", claimed, after.Default)
	}
	for _, c := range r.running(t, old) {
		if want := map[bool]string{true: "exited", false: "running"}[strings.HasPrefix(c, "worker")]; !strings.HasSuffix(c, want) {
			t.Errorf("the slot that is idle now has %s", c)
		}
	}
	r.must(t, "finalize", nil)
	if diff := cmp.Diff(after, r.look(t, r)); diff != "" {
		t.Errorf("an uninterrupted run changes it: %s", diff)
	}
	l.leave(t)
	r.live, r.ready = r, nil
}
