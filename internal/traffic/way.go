package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Way is a way back as it went, in figures. The durations are all counted from
// the decision, in nanoseconds; one that is 0 was not reached.
type Way struct {
	Good    release.Slot  `json:"good"`
	Reason  string        `json:"reason"`
	Decided time.Time     `json:"decided"` // UTC, to the nanosecond
	Write   time.Duration `json:"write"`   // until the load balancer had taken the change
	Effect  time.Duration `json:"effect"`  // until a look at which no new request reached the other slot
	Proof   time.Duration `json:"proof"`   // until the split was read back and counted

	Before  release.Weights `json:"before"`  // of the write; both 0 where nobody has looked or could see it in time
	Weights release.Weights `json:"weights"` // read back
	Share   Share           `json:"share"`   // of new requests, counted after the effect
	Tries   int             `json:"tries"`   // of the write
	Healthy string          `json:"healthy"` // what the good slot answered before, when it was asked
	Warning string          `json:"warning,omitempty"`
}

// Moved reports whether there was traffic to bring back, also where that is not
// known. The write is made in any case.
func (w *Way) Moved() bool { return w.Before != release.Split(w.Good, 100) }

// The deadlines of a way back.
const (
	restoreTime = 2 * time.Second // one write
	backTime    = 10 * time.Second
	quickTime   = 3500 * time.Millisecond // all of it, when the process has been told to end
	glance      = 50                      // requests of one look for the effect
)

// back carries the traffic to a slot, and shows that it is there.
type back struct {
	Balancer
	observe int
	began   time.Time // of the decision
	way     *Way
}

func newBack(b Balancer, good release.Slot, observe int, decided time.Time, reason string) *back {
	return &back{b, observe, decided, &Way{Good: good, Reason: reason, Decided: decided.UTC()}}
}

// restore writes until one write is acknowledged or ctx ends. A write that
// takes too long is left to itself and written again: it may be repeated.
func (b *back) restore(ctx context.Context) error {
	for {
		b.way.Tries++
		err := b.write(ctx)
		if err == nil {
			b.way.Write = time.Since(b.began)
			return nil
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return fmt.Errorf("give the traffic to the %s slot, %d tries: %w", b.way.Good, b.way.Tries, err)
		}
	}
}

func (b *back) write(ctx context.Context) error {
	return call(ctx, restoreTime, "the load balancer", func(ctx context.Context) error {
		return b.Router.Restore(ctx, b.way.Good)
	})
}

// effect looks until no new request reaches the other slot, and writes again
// where somebody has changed the split in between.
func (b *back) effect(ctx context.Context) error {
	want := release.Split(b.way.Good, 100)
	for {
		share, err := within(ctx, restoreTime, "counting requests", func(ctx context.Context) (Share, error) {
			return b.Observer.Observe(ctx, glance)
		})
		if err == nil && share.Fits(want) {
			b.way.Effect = time.Since(b.began)
			return nil
		}
		last := err
		if err == nil {
			last = fmt.Errorf("counted %v", share)
		}
		weights, err := within(ctx, restoreTime, "reading the weights", b.Router.Weights)
		if err == nil && weights != want {
			_ = b.write(ctx) // the next look says whether it helped
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return fmt.Errorf("see the effect: %w", last)
		}
	}
}

// stays looks for the effect again where the split has changed since, as by a
// shift that was about to write when its lease was ended.
func (b *back) stays(ctx context.Context) error {
	weights, err := within(ctx, restoreTime, "reading the weights", b.Router.Weights)
	if err == nil && weights == release.Split(b.way.Good, 100) {
		return nil
	}
	return b.effect(ctx)
}

// prove reads the split back and counts as many requests as a proof wants.
func (b *back) prove(ctx context.Context) error {
	want := release.Split(b.way.Good, 100)
	weights, err := within(ctx, restoreTime, "reading the weights", b.Router.Weights)
	if err != nil {
		return fmt.Errorf("read the weights back: %w", err)
	}
	b.way.Weights = weights
	b.way.Share, err = within(ctx, callTime, "counting requests", func(ctx context.Context) (Share, error) {
		return b.Observer.Observe(ctx, b.observe)
	})
	switch {
	case err != nil:
		return fmt.Errorf("count requests: %w", err)
	case weights != want || !b.way.Share.Fits(want):
		return fmt.Errorf("want %v: the load balancer says %v, counted %v", want, weights, b.way.Share)
	}
	b.way.Proof = time.Since(b.began)
	return nil
}

// settle sees the effect and proves the split, and keeps what went wrong as a
// warning: the write was acknowledged.
func (b *back) settle(ctx context.Context) {
	deadline, _ := ctx.Deadline()
	looking, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
	defer cancel()
	if err := b.effect(looking); err != nil {
		b.way.warn("%v", err)
	}
	if err := b.prove(ctx); err != nil {
		b.way.warn("prove the split: %v", err)
	}
}

// warn keeps what went wrong beside the traffic.
func (w *Way) warn(format string, args ...any) {
	if w.Warning != "" {
		w.Warning += "; "
	}
	w.Warning += fmt.Sprintf(format, args...)
}
