package acceptance_test

import (
	"context"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestNothingPassesWithoutMetrics(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	const bake = time.Second

	s := r.shifting(t, bake.String(), nil)
	s.says(t, "pass at 10%")
	r.blind(t)
	s.says(t, "inconclusive: .*the clock stands at")
	for begin := time.Now(); time.Since(begin) < 2*bake; time.Sleep(50 * time.Millisecond) {
		if w := r.weights(t); w != release.Split(r.candidate(), 10) || s.over() {
			t.Fatalf("the weights are %v without metrics, the shift over: %v", w, s.over())
		}
	}
	r.see(t)
	s.end(t).want(t, 0).has(t, inputs{"outcome": "shifted", "weight": "100"})
	r.stands(t, r.candidate(), 100)
	t.Logf("held at 10%% for %v without metrics, twice the bake, and went on to 100%%", 2*bake)
	r.must(t, "rollback", nil).has(t, inputs{"moved": "true", "slot": string(good)})

	s = r.shifting(t, bake.String(), inputs{"shift-max-pause": "4s"})
	s.says(t, "pass at 10%")
	r.blind(t)
	got := s.end(t).want(t, 1)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0"})
	got.shows(t, "longer than max-pause 4s")
	r.stands(t, good, 100)
	t.Logf("without metrics for longer than max-pause: %s", got.errors)
	r.see(t)
	l.leave(t)
}

// blind stops Prometheus, and see starts it again.
func (h *house) blind(t *testing.T) {
	t.Helper()
	if err := h.Metrics.Stop(); err != nil {
		t.Fatal(err)
	}
}

func (h *house) see(t *testing.T) {
	t.Helper()
	if err := h.Metrics.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}
