package metrics

import (
	"slices"
	"sync"
	"time"
)

// The window is the last minute, and at most so many requests of it: beyond
// 500 a second it is shorter, and so is the memory of what is over.
const (
	span    = time.Minute
	samples = 30_000
)

type sample struct {
	at time.Time
	ms float64
}

// window is a ring of the newest response times.
type window struct {
	mu   sync.Mutex
	ring []sample
	next int
}

func newWindow() *window { return &window{} }

func (w *window) add(at time.Time, ms float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ring) < samples {
		w.ring = append(w.ring, sample{at, ms})
		return
	}
	w.ring[w.next] = sample{at, ms}
	w.next = (w.next + 1) % samples
}

func (w *window) recent(now time.Time) []float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ms []float64
	for _, s := range w.ring {
		if now.Sub(s.at) < span {
			ms = append(ms, s.ms)
		}
	}
	return ms
}

func (w *window) mean(now time.Time) float64 {
	ms := w.recent(now)
	if len(ms) == 0 {
		return unknown
	}
	sum := 0.0
	for _, v := range ms {
		sum += v
	}
	return sum / float64(len(ms))
}

// quantile is the smallest time that a share q of the requests did not exceed.
func (w *window) quantile(now time.Time, q float64) float64 {
	ms := w.recent(now)
	if len(ms) == 0 {
		return unknown
	}
	slices.Sort(ms)
	return ms[min(int(q*float64(len(ms))), len(ms)-1)]
}
