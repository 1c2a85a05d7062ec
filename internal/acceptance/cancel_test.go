package acceptance_test

import (
	"flag"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var moments = flag.Int("moments", 1, "at how many moments, spread over its length, each phase is cancelled")

// What GitHub's runner sends to a step that is cancelled, and when: the source of
// its ProcessInvoker.
const (
	untilTerminate = 7500 * time.Millisecond
	untilKill      = 2500 * time.Millisecond
)

// cancel does to a step what the runner does. It returns which signal the step has
// ended after.
func (s *step) cancel(t *testing.T) (syscall.Signal, result) {
	t.Helper()
	last := syscall.Signal(0)
	for _, next := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, untilTerminate}, {syscall.SIGTERM, untilKill}, {syscall.SIGKILL, 0}} {
		if s.over() {
			break
		}
		last = next.signal
		s.kill(next.signal)
		select {
		case <-s.running.Done():
		case <-time.After(next.wait):
		}
	}
	return last, s.end(t)
}

// length is how long an uninterrupted phase is taken to last, so that the moments
// fall into it.
var length = map[string]time.Duration{
	"preflight": 400 * time.Millisecond, "build": 6 * time.Second, "migrate": time.Second, "deploy-green": 8 * time.Second, "smoke": time.Second,
	"signoff": 200 * time.Millisecond, "shift": 6 * time.Second, "rollback": time.Second, "finalize": 2 * time.Second, "record": 300 * time.Millisecond,
}

// cancelled cancels a phase at its moments and checks after each that the traffic
// is where it should be, that the step ended before it had to be killed, and that
// no process of it is left.
func (r *rollout) cancelled(t *testing.T, name string, with inputs, stands release.Slot) {
	t.Helper()
	for i := range *moments {
		at := time.Duration((float64(i) + rand.Float64()) / float64(*moments) * float64(length[name]))
		s := r.start(t, name, with)
		if name == "shift" {
			r.attempt++
		}
		select {
		case <-s.running.Done():
		case <-time.After(at):
		}
		signal, got := s.cancel(t)
		t.Logf("%s cancelled after %v: ended %v after that, with status %d, after the signal %v",
			name, at.Round(time.Millisecond), max(0, got.took-at).Round(time.Millisecond), got.status, signal)
		if signal == syscall.SIGKILL {
			t.Errorf("%s, cancelled after %v, had to be killed:\n%s", name, at, got.log)
		}
		if left := marked(t, s.mark); len(left) > 0 {
			t.Errorf("%s, cancelled after %v, has left these processes: %v", name, at, left)
		}
		r.stands(t, stands, 100)
	}
}

// TestEachPhaseCanBeCancelled cancels each phase as the runner does, then runs it
// to its end, as re-running the failed jobs would.
func TestEachPhaseCanBeCancelled(t *testing.T) {
	h := settled(t)
	l := h.users(t)
	h.vacate(t)
	good := h.live.candidate()
	r := h.propose(t, "none", 3)
	first := inputs{"version": r.version, "environment": "production"}
	r.cancelled(t, "preflight", first, good)
	r.preflight(t)
	for _, name := range []string{"build", "migrate", "deploy-green", "smoke"} {
		r.cancelled(t, name, nil, good)
		r.must(t, name, nil)
	}
	role := inputs{"environment": "production", "role": "qa"}
	r.cancelled(t, "signoff", role, good)
	r.signoff(t, "qa", "live")
	r.cancelled(t, "shift", inputs{"shift-steps": steps("2s")}, good)
	r.cancelled(t, "rollback", nil, good)
	r.must(t, "rollback", nil)
	r.shift(t)
	r.cancelled(t, "finalize", nil, r.candidate())
	r.complete(t)
	r.cancelled(t, "record", inputs{"environment": "production", "evidence": "none"}, r.candidate())
	after := h.look(t, r)
	r.must(t, "finalize", nil)
	if diff := cmp.Diff(after, h.look(t, r)); diff != "" {
		t.Errorf("an uninterrupted run changes it: %s", diff)
	}
	l.leave(t)
	h.live = r
}
