package metrics

import (
	"math"
	"testing"
	"time"
)

func TestTheWindowIsTheLastMinute(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	if !math.IsNaN(w.mean(now)) || !math.IsNaN(w.quantile(now, .95)) {
		t.Error("an empty window should know nothing")
	}
	w.add(now.Add(-2*time.Minute), 1e6)
	for i := range 100 {
		w.add(now, float64(i+1))
	}
	for name, c := range map[string]struct{ got, want float64 }{
		"mean": {w.mean(now), 50.5}, "p95": {w.quantile(now, .95), 96}, "p99": {w.quantile(now, .99), 100}, "p100": {w.quantile(now, 1), 100},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestTheWindowKeepsTheNewest(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	for i := range samples + 10 {
		w.add(now, float64(i))
	}
	if got := w.quantile(now, 0); got != 10 {
		t.Errorf("the oldest is %v, want 10", got)
	}
}
