package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Rollback carries the traffic to the good slot from anywhere: after a crash,
// from another host, by hand. It reads the ledger beside the load balancer, with
// a glance at the weights, and nothing else before it writes. Run twice, or by
// several at once, it ends the same.
type Rollback struct {
	Balancer  Balancer
	Lease     Fence        // raised after the traffic; may be nil, and may be down
	Release   release.ID   // whose shift is taken back; empty for the last one, whoever made it
	Candidate release.Slot // of that release; empty when not known
	Force     release.Slot // go there without asking anything; empty for the good slot
	Observe   int          // requests that are counted as proof
	Decided   time.Time    // zero for now
	Reason    string       // who asked, or why
	Cold      bool         // nobody has watched the good slot: ask it first, for at most a second

	// Healthy asks a slot whether it can serve. It is required when Cold.
	Healthy func(context.Context, release.Slot) error

	Found *release.Findings // gets the evidence; may be nil
}

// coldTime is how long a cold rollback asks the slots.
const coldTime = time.Second

// Run moves the traffic back, ends every lease, and proves the split. The way
// is nil when there was nothing to move: the release has no traffic, or never
// had any. Its Warning says what went wrong beside the traffic.
//
// It refuses where nothing was written down to go back to while the candidate
// has traffic, and where a cold good slot does not answer: then the weights
// stay, and the hint says how to force it.
func (r Rollback) Run(ctx context.Context) (*Way, error) {
	if r.Decided.IsZero() {
		r.Decided = time.Now()
	}
	// A runner that shuts down must not stop the way back before its one write.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), 2*backTime, errors.New("the rollback took too long"))
	defer cancel()
	before := r.before(ctx)
	slot, err := r.where(ctx)
	if err == nil && slot == "" {
		r.forestall(ctx)
	}
	if err != nil || slot == "" {
		return nil, err
	}
	b := newBack(r.Balancer, slot, max(r.Observe, 1), r.Decided, r.Reason)
	b.way.Before = before()
	if err := r.ask(ctx, b.way); err != nil {
		return b.way, err
	}
	if err := b.restore(ctx); err != nil {
		return b.way, release.CannotTell("run the break-glass command of the load balancer", "rollback: %w", err)
	}
	raised := make(chan error, 1)
	go func() { raised <- r.raise(ctx) }() // beside the look: a store that is down must not hold it up
	looking, stop := context.WithTimeout(ctx, backTime)
	defer stop()
	err = b.effect(looking)
	if problem := <-raised; problem != nil {
		b.way.warn("the lease was not ended: %v", problem)
	}
	if err == nil {
		err = b.stays(looking)
	}
	if err == nil {
		err = b.prove(ctx)
	}
	r.show(ctx, b.way, err)
	if err != nil {
		return b.way, release.CannotTell("look at the load balancer; the write to it was acknowledged", "rollback: %w", err)
	}
	return b.way, nil
}

// before looks at the split beside what has to be read anyway. The way back does
// not wait for it for longer than a blink: it only tells whether anything moved.
func (r Rollback) before(ctx context.Context) func() release.Weights {
	const blink = 20 * time.Millisecond
	seen := make(chan release.Weights, 1)
	go func() {
		weights, err := within(ctx, restoreTime, "reading the weights", r.Balancer.Router.Weights)
		if err != nil {
			weights = release.Weights{}
		}
		seen <- weights
	}()
	return func() release.Weights {
		select {
		case weights := <-seen:
			return weights
		case <-time.After(blink):
			return release.Weights{}
		}
	}
}

// where is the slot to go to, and "" when there is nothing to move.
func (r Rollback) where(ctx context.Context) (release.Slot, error) {
	if r.Force != "" {
		return r.Force, nil
	}
	page, err := within(ctx, restoreTime, "reading the ledger", r.Balancer.Ledger.Read)
	if err != nil {
		return "", release.CannotTell("name the slot to go to: force blue, or force green", "rollback: read the good slot: %w", err)
	}
	switch shift := page.Shift; {
	case r.Release != "" && (shift == nil || shift.Release != r.Release):
		return "", r.nothing(ctx, r.Candidate)
	case shift != nil && page.Good != nil:
		return page.Good.Slot, nil
	case shift != nil:
		return "", r.nothing(ctx, shift.Candidate)
	}
	return "", r.nothing(ctx, r.Candidate)
}

// nothing is nil when a release without a way back needs none, since its
// candidate has no traffic.
func (r Rollback) nothing(ctx context.Context, candidate release.Slot) error {
	if candidate == "" && r.Release != "" {
		return nil // it has never moved any traffic
	}
	weights, err := within(ctx, restoreTime, "reading the weights", r.Balancer.Router.Weights)
	switch {
	case err != nil:
		return release.CannotTell("name the slot to go to: force blue, or force green", "rollback: no good slot is written down, and the weights cannot be read: %w", err)
	case candidate != "" && weights.Of(candidate) == 0:
		return nil
	}
	return release.Refuse("repair the version that is live, or name the slot to go to: force blue, or force green",
		"rollback: no good slot is written down for this release, and the traffic is %v", weights)
}

// ask looks at the health of both slots at once, where nobody has before.
func (r Rollback) ask(ctx context.Context, way *Way) error {
	if !r.Cold || r.Force != "" {
		return nil
	}
	if r.Healthy == nil {
		return release.Reject("pass a health check, or force the slot", "rollback: nobody can ask the %s slot", way.Good)
	}
	asked := make(chan error, 1)
	go func() { asked <- r.health(ctx, way.Good.Other()) }()
	good := r.health(ctx, way.Good)
	if good == nil {
		way.Healthy = "healthy"
		return nil
	}
	way.Healthy = good.Error()
	other := "is healthy"
	if err := <-asked; err != nil {
		other = "is not healthy either: " + err.Error()
	}
	return release.Refuse(fmt.Sprintf("repair the %s slot, or go there all the same: force %s", way.Good, way.Good),
		"rollback: the weights stay as they are: the good slot, %s, is not healthy: %w; the %s slot %s", way.Good, good, way.Good.Other(), other)
}

func (r Rollback) health(ctx context.Context, slot release.Slot) error {
	return call(ctx, coldTime, "the health check", func(ctx context.Context) error { return r.Healthy(ctx, slot) })
}

// forestall ends the lease of a shift of this release that has not moved any
// traffic yet, so that it does not begin to after all, and the next one does not
// have to wait for a dead one. The lease of another release is left alone.
func (r Rollback) forestall(ctx context.Context) {
	if r.Lease == nil {
		return
	}
	_ = call(ctx, restoreTime, "raising the token", func(ctx context.Context) error { // without the store there is no shift either
		held, err := r.Lease.Peek(ctx)
		if err != nil || held.State != Held || r.Release != "" && held.Owner.Release != r.Release {
			return err
		}
		return r.Lease.Raise(ctx, held.Token+1)
	})
}

// raise ends whatever lease there is, so that a shift that still runs stops. A
// store that is down is no reason to keep the traffic where it was.
func (r Rollback) raise(ctx context.Context) error {
	if r.Lease == nil {
		return nil
	}
	return call(ctx, restoreTime, "raising the token", func(ctx context.Context) error {
		held, err := r.Lease.Peek(ctx)
		if err != nil || held.State == Never {
			return err
		}
		return r.Lease.Raise(ctx, held.Token+1)
	})
}
