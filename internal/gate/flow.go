package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Flow is what users asked of one slot within a window that ends now. The window
// is shorter than what was asked for where the slot has not been scraped for so
// long: what its counters grew by before that is not known. The percentiles are estimated within a bucket of the histogram; on which side of a
// bucket's bound they are is exact.
type Flow struct {
	Window   time.Duration `json:"window"`
	Requests float64       `json:"requests"`
	Failed   float64       `json:"failed"` // without a status below 500
	Mean     time.Duration `json:"mean"`   // 0 when it was not measured, as are the others
	P95      time.Duration `json:"p95"`
	P99      time.Duration `json:"p99"`
}

// Rate is the requests per second.
func (f Flow) Rate() float64 {
	if f.Window <= 0 {
		return 0
	}
	return f.Requests / f.Window.Seconds()
}

// Errors is the share of requests that failed, 0 without any.
func (f Flow) Errors() float64 {
	if f.Requests <= 0 {
		return 0
	}
	return min(f.Failed/f.Requests, 1)
}

// Flow measures what users asked of one slot. It judges nothing, and is safe
// beside Evaluate. A slot that nobody asks anything has a Flow of 0 requests; one
// of which there are no series, or that is scraped since a moment ago, is an error.
func (w *Watch) Flow(ctx context.Context, slot release.Slot, window time.Duration) (Flow, error) {
	m, a, name := w.metrics, asker{w.source}, string(slot)
	f := Flow{Window: window}
	window, err := w.target.history(ctx, a, scope{slot: slot, live: slot, window: window}, w.pace.Scrape)
	if err != nil {
		return f, err
	}
	f.Window = window
	requests, some, err := a.one(ctx, counted(m.requests(name, ""), promDuration(window)))
	if err != nil || !some {
		return f, orNone(err, some, m.requests(name, ""))
	}
	f.Requests = requests
	if f.Requests <= 0 {
		return f, nil
	}
	failed := m.requests(name, fmt.Sprintf(`,%s!~"[1-4].."`, m.Code))
	if f.Failed, _, err = a.one(ctx, counted(failed, promDuration(window))); err != nil {
		return f, err
	}
	err = w.durations(ctx, a, name, &f)
	return f, err
}

// durations fills in how long the answers took, where the application says so.
func (w *Watch) durations(ctx context.Context, a asker, slot string, f *Flow) error {
	m, window := w.metrics, promDuration(f.Window)
	ask := func(query string) (time.Duration, error) {
		value, _, err := a.one(ctx, query)
		if isDoubt(err, NoTraffic) { // only probes were timed
			return 0, nil
		}
		return time.Duration(value * float64(time.Second)), err
	}
	sum, count := counted(m.of(m.Duration+"_sum", slot, m.users()), window), counted(m.of(m.Duration+"_count", slot, m.users()), window)
	var err error
	if f.Mean, err = ask(sum + " / " + count); err != nil {
		return err
	}
	grown := increase(m.of(m.Duration+"_bucket", slot, m.users()), window)
	if f.P95, err = ask(fmt.Sprintf("histogram_quantile(0.95, sum by (le) (%s))", grown)); err != nil {
		return err
	}
	f.P99, err = ask(fmt.Sprintf("histogram_quantile(0.99, sum by (le) (%s))", grown))
	return err
}

// Served reads how many requests of users a slot has answered since its
// processes were started.
func (w *Watch) Served(ctx context.Context, slot release.Slot) (float64, error) {
	selector := w.metrics.requests(string(slot), "")
	total, some, err := asker{w.source}.one(ctx, "sum("+selector+")")
	return total, orNone(err, some, selector)
}

func orNone(err error, some bool, selector string) error {
	if err == nil && !some {
		return doubtf(BadQuery, "%s: no series", clip(selector))
	}
	return err
}
