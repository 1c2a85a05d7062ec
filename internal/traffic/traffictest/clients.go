package traffictest

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// room is how many requests of a suite wait for an answer at a time. On a machine that
// does not get through more they are not sent, and hold nobody up.
const room = 50

// splitsClients counts requests of clients, not those of Observe, which may be
// another path through the load balancer.
func splitsClients(t *testing.T, rig Rig) {
	const requests, sure = 1000, 3.29 // standard deviations, of 999 in 1000
	router := rig.Open()
	for _, w := range []release.Weight{1, 10, 50, 100} {
		must(t, router.Set(t.Context(), release.Green, w, 1))
		expect(t, router, release.Green, w) // where the effect takes its time, this waits for it
		var share traffic.Share
		for range 3 {
			var err error
			share, err = CountClients(t.Context(), rig.URL, requests, rig.rate())
			must(t, err)
			low, high := share.Interval(release.Green, sure)
			if asked := float64(w); low <= asked && asked <= high {
				break
			}
			share = traffic.Share{}
		}
		if share.Total() == 0 {
			t.Errorf("asked for %v of the clients, and counted something else three times", w)
		}
		t.Logf("asked for %v, observed %s", w, share.Shown(release.Green))
	}
}

func (r Rig) rate() float64 { return cmp.Or(r.Rate, 500) }

// CountClients sends requests of clients that were never seen before, at a rate a
// second, and counts them by the slot that answered. A lost one is an error.
func CountClients(ctx context.Context, url string, requests int, rate float64) (share traffic.Share, err error) {
	report, err := openloop.Run(ctx, openloop.Load{
		URL: url, Rate: rate, Duration: time.Duration(float64(requests) / rate * float64(time.Second)), Keep: []string{SlotHeader}, Timeout: patience, Room: room,
	})
	if err == nil && report.Lost() > 0 {
		err = fmt.Errorf("count clients: %v", report)
	}
	for _, s := range report.Samples {
		switch s.Header[SlotHeader] {
		case string(release.Blue):
			share.Blue++
		case string(release.Green):
			share.Green++
		}
	}
	if err == nil && share.Total() != report.Answered() {
		err = fmt.Errorf("count clients: %v: only %d answers name a slot in %s", report, share.Total(), SlotHeader)
	}
	return share, err
}

func losesNothing(t *testing.T, rig Rig) {
	flips := 100
	if rig.Promise.Gap > 100*time.Millisecond || rig.Rate > 0 {
		flips = 20 // and 200 in the benchmark, which may take its time
	}
	toll := Flips{URL: rig.URL, Count: flips, Rate: rig.rate(), Room: room, Gap: max(rig.Promise.Gap, 20*time.Millisecond)}.Run(t, Mover(rig.Open()))
	t.Logf("%d moves there and back: %v", flips, toll.Report)
	t.Logf("to green %v; to blue %v", toll.To(release.Green), toll.To(release.Blue))
	lost := toll.Lost(func(s openloop.Sample) bool { return s.Fresh || !rig.Promise.CutsKept })
	if lost > 0 {
		t.Errorf("%d requests were lost that must not be: %v", lost, toll.Report)
	}
	for _, moved := range toll.Moves {
		if rig.Promise.AtOnce && moved.Late > 0 {
			t.Errorf("%d requests that started after the move to %s had returned got the other slot", moved.Late, moved.To)
		}
	}
}

// Mover moves all the traffic as a release does: forward to green with a newer
// token each time, backward to blue.
func Mover(router traffic.Router) func(ctx context.Context, to release.Slot) error {
	token := traffic.Token(0)
	return func(ctx context.Context, to release.Slot) error {
		if to == release.Blue {
			return router.Restore(ctx, release.Blue)
		}
		token++
		return router.Set(ctx, release.Green, 100, token)
	}
}
