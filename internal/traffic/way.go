package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Way is a way back as it went, in figures. The durations are all counted from
// the decision, in nanoseconds; one that is 0 was not reached.
type Way struct {
	Good    release.Slot  `json:"good"`
	Reason  string        `json:"reason"`
	Decided time.Time     `json:"decided"`         // UTC, to the nanosecond
	Write   time.Duration `json:"write"`           // until the load balancer had taken the change
	Effect  time.Duration `json:"effect"`          // until a look at which no new request reached the other slot
	Proof   time.Duration `json:"proof"`           // until the split was read back and counted
	Woken   time.Duration `json:"woken,omitempty"` // of these, what the start of the good slot took, which was stopped

	Before  release.Weights `json:"before"`          // of the write; both 0 where nobody has looked or could see it in time
	Weights release.Weights `json:"weights"`         // read back
	Share   Share           `json:"share"`           // of new requests, counted after the effect
	Tries   int             `json:"tries"`           // of the write
	Sides   []Side          `json:"sides,omitempty"` // each of several load balancers
	Healthy string          `json:"healthy"`         // what the good slot answered before, when it was asked
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
	Balancer // of several, those that have the change
	sides    *sides
	observe  int
	began    time.Time // of the decision
	way      *Way
}

func newBack(b Balancer, good release.Slot, observe int, decided time.Time, reason string) *back {
	return &back{b, &sides{all: b.each()}, observe, decided, &Way{Good: good, Reason: reason, Decided: decided.UTC()}}
}

// restore writes to all load balancers at once, and returns when all have the
// change, or one has and the others had their time; their tries go on. It fails
// only where none has it.
func (b *back) restore(ctx context.Context) error {
	b.sides.give(ctx, b.way.Good, b.began)
	there := b.sides.first(ctx)
	b.way.Write, b.way.Tries = b.sides.last()
	b.note()
	if len(there) == 0 {
		return fmt.Errorf("give the traffic to the %s slot: %w", b.way.Good, b.sides.missing())
	}
	b.Balancer = Join(there...)
	return nil
}

// others waits for the load balancers that did not have the change in time, proves
// those that took it late, and says which ones never did.
func (b *back) others(ctx context.Context) error {
	if len(b.each()) == len(b.sides.all) {
		return nil
	}
	before := b.each()
	b.sides.rest(ctx)
	var late []Balancer
	for _, one := range b.sides.there() {
		if !slices.ContainsFunc(before, func(had Balancer) bool { return had.Router == one.Router }) {
			late = append(late, one)
		}
	}
	b.way.Write, b.way.Tries = b.sides.last()
	b.note()
	var unproven error
	if len(late) > 0 {
		tail := *b
		tail.Balancer, tail.way = Join(late...), &Way{Good: b.way.Good}
		if unproven = tail.effect(ctx); unproven == nil {
			unproven = tail.prove(ctx)
		}
		b.way.Effect, b.way.Proof = max(b.way.Effect, tail.way.Effect), max(b.way.Proof, tail.way.Proof)
	}
	if missing := b.sides.missing(); missing != nil {
		return errors.Join(unproven, fmt.Errorf("not every load balancer went back: %w", missing))
	}
	return unproven
}

// note keeps how each of several load balancers is.
func (b *back) note() {
	if len(b.sides.all) > 1 {
		b.way.Sides = b.sides.snapshot()
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
	b.way.Share, err = within(ctx, countingTime(b.observe)+b.Settles, "counting requests", func(ctx context.Context) (Share, error) {
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

// settled is a time for the way back that the effect fits into. A process that was
// told to end has no more time than that.
func (r *run) settled(budget time.Duration) time.Duration {
	if budget == quickTime {
		return budget
	}
	return budget + r.Balancer.Settles
}

// settle sees the effect and proves the split. A proof makes up for an effect that
// was not seen in time.
func (b *back) settle(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	share := left / 2
	if left > b.Settles {
		share += b.Settles / 2 // the half of what is left beyond it is the proof's
	}
	looking, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	unseen := b.effect(looking)
	if err := b.prove(ctx); err != nil {
		return errors.Join(unseen, fmt.Errorf("prove the split: %w", err))
	}
	if unseen != nil {
		b.way.warn("%v", unseen)
	}
	return nil
}

// warn keeps what went wrong beside the traffic.
func (w *Way) warn(format string, args ...any) {
	if w.Warning != "" {
		w.Warning += "; "
	}
	w.Warning += fmt.Sprintf(format, args...)
}
