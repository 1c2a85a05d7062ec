package connect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Backlog looks at the queue beside the gates, and decides nothing: the workers of
// both slots take from it, and how many jobs come is up to the users. What is too
// much is the gates' to say.
type Backlog struct {
	Name string
	Look func(context.Context) (queue.Depth, error)

	mu    sync.Mutex
	looks []queue.Depth // at 100 %
}

const (
	backlogTime = 2 * time.Second
	looksMost   = 200 // of more, every other one is kept
)

// Evaluate looks once. Its reading is of no effect.
func (b *Backlog) Evaluate(ctx context.Context, at gate.Moment) gate.Decision {
	reading := gate.Reading{Rule: "queue", Code: gate.OK, DryRun: true, Samples: 1}
	depth, err := b.depth(ctx)
	switch {
	case err != nil:
		reading.Verdict, reading.Code, reading.Reason, reading.Samples = gate.Inconclusive, gate.Failing, err.Error(), 0
	default:
		reading.Value, reading.Reason = float64(depth.Waiting), depth.String()
		if at.Weight == 100 {
			b.keep(depth)
		}
	}
	return gate.Decision{Verdict: gate.Worst([]gate.Reading{reading}), Readings: []gate.Reading{reading}}
}

func (b *Backlog) depth(ctx context.Context) (queue.Depth, error) {
	ctx, cancel := context.WithTimeout(ctx, backlogTime)
	defer cancel()
	return b.Look(ctx)
}

func (b *Backlog) keep(depth queue.Depth) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks = append(b.looks, depth)
	if len(b.looks) > looksMost {
		half := b.looks[:0]
		for i := 1; i < len(b.looks); i += 2 {
			half = append(half, b.looks[i])
		}
		b.looks = half
	}
}

// Proof says whether the queue was steady while the candidate had all the traffic.
func (b *Backlog) Proof() traffic.Proof {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := traffic.Proof{What: "the queue " + b.Name, Status: release.NotShown,
		Saw: fmt.Sprintf("it was looked at %d times: want 2", len(b.looks)), Evidence: []string{"D.3.p3"}}
	if n := len(b.looks); n >= 2 {
		p.Status = release.Failed
		if queue.Steady(b.looks) {
			p.Status = release.Passed
		}
		p.Saw = fmt.Sprintf("%v at 100%% and %v at the end, in %d looks", b.looks[0], b.looks[n-1], n)
	}
	return p
}
