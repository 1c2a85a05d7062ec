package prometheus_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestWhatUsersAskOfASlot(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w := s.watch(func(*gate.Settings) {})
	const window = 10 * time.Second
	flow := func(slot release.Slot) gate.Flow {
		f, err := w.Flow(t.Context(), slot, window)
		if err != nil {
			return gate.Flow{}
		}
		return f
	}
	var f gate.Flow
	s.until("both slots are asked 100 times a second", func() bool {
		f = flow(release.Green)
		return f.Requests > 500 && flow(release.Blue).Requests > 500
	})
	if f.Failed != 0 || f.P95 <= 0 || f.P95 > 200*time.Millisecond || f.Mean != 0 && f.Mean > time.Second || f.Rate() < 50 {
		t.Errorf("got %+v", f)
	}
	s.green.do(func() {
		s.green.values[`http_requests_total{route="/api",code="500"}`] += 300
		s.green.values[`http_request_duration_seconds_sum`] += 1
		s.green.values[`http_request_duration_seconds_count`] += 100
	})
	s.until("failures are counted from the first on", func() bool { f = flow(release.Green); return f.Failed >= 300 })
	if f.Errors() <= 0.05 || flow(release.Blue).Failed != 0 {
		t.Errorf("got %+v, and blue %+v", f, flow(release.Blue))
	}
	before, err := w.Served(t.Context(), release.Green)
	if err != nil || before < 800 {
		t.Errorf("served %v: %v", before, err)
	}
	s.green.do(func() { s.green.served = false })
	s.until("a slot that nobody asks any more has no requests", func() bool { return flow(release.Green).Requests == 0 })
	after, err := w.Served(t.Context(), release.Green)
	if err != nil || after < before {
		t.Errorf("served %v and then %v: %v", before, after, err)
	}
	if _, err := w.Flow(t.Context(), "red", window); err == nil {
		t.Error("a slot without a series has a flow")
	}
}
