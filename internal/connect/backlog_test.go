package connect_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheQueueIsLookedAtAndDecidesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waiting []int64 // -1 for a look without an answer
		weight  release.Weight
		want    release.Status
	}{
		"a steady queue":                 {[]int64{500, 480, 501}, 100, release.Passed},
		"a queue that grows":             {[]int64{200, 500, 900}, 100, release.Failed},
		"a queue that was seen once":     {[]int64{5, -1}, 100, release.NotShown},
		"a queue before all the traffic": {[]int64{200, 500, 900}, 50, release.NotShown},
		"a queue that was seen often":    {make([]int64, 1000), 100, release.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := 0
			b := &connect.Backlog{Name: "jobs", Look: func(context.Context) (queue.Depth, error) {
				n := c.waiting[i]
				if i++; n < 0 {
					return queue.Depth{}, errors.New("connection refused")
				}
				return queue.Depth{Waiting: n}, nil
			}}
			for range c.waiting {
				d := b.Evaluate(t.Context(), gate.Moment{Weight: c.weight})
				if len(d.Readings) != 1 || !d.Readings[0].DryRun {
					t.Fatalf("%+v: want a reading of no effect", d)
				}
			}
			if p := b.Proof(); p.Status != c.want || p.Stops {
				t.Errorf("%+v: want %s, and no reason to go back", p, c.want)
			}
		})
	}
}
