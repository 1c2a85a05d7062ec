package traffic

import (
	"context"
	"errors"
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
	Alone     bool         // nobody is there who could force it: a cold one goes to a good slot that cannot be asked, unless the other is healthy

	// Healthy asks a slot whether it can serve. It is required when Cold.
	Healthy func(context.Context, release.Slot) error

	// Asleep says whether all of a slot that serves is there, but stopped. Wake
	// starts it, bounds itself, and returns how long the slot took to be healthy.
	// Both may be nil: then a slot that was stopped is only said to be so.
	Asleep func(context.Context, release.Slot) (bool, error)
	Wake   func(context.Context, release.Slot) (time.Duration, error)

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
	looking, cancel := lasting(ctx, 0)
	defer cancel()
	before := r.before(looking)
	good, err := r.where(looking)
	if err == nil && good.slot == "" {
		r.forestall(looking)
	}
	if err != nil || good.slot == "" {
		return nil, err
	}
	b := newBack(r.Balancer, good.slot, max(r.Observe, 1), r.Decided, r.Reason)
	b.way.Before = before()
	if err := r.ready(ctx, b.way, good.asleep); err != nil {
		return b.way, err
	}
	moving, cancel := lasting(ctx, r.Balancer.Settles) // what was waited for has not used up the time of the move
	defer cancel()
	return b.way, r.move(moving, b)
}

func lasting(ctx context.Context, settles time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithoutCancel(ctx), 2*backTime+settles, errors.New("the rollback took too long"))
}

// move writes, ends every lease, and proves the split.
func (r Rollback) move(ctx context.Context, b *back) error {
	if err := b.restore(ctx); err != nil {
		return release.CannotTell(ElseInstall(err, "run the break-glass command of the load balancer"), "rollback: %w", err)
	}
	raised := make(chan error, 1)
	go func() { raised <- r.raise(ctx) }() // beside the look: a store that is down must not hold it up
	looking, stop := context.WithTimeout(ctx, backTime+b.Settles)
	defer stop()
	err := b.effect(looking)
	if problem := <-raised; problem != nil {
		b.way.warn("the lease was not ended: %v", problem)
	}
	if err == nil {
		err = b.stays(looking)
	}
	if err == nil {
		err = b.prove(ctx)
	}
	missing := b.others(ctx)
	if err == nil && missing == nil {
		writeBack(ctx, r.Balancer.Ledger, b.way)
	}
	r.show(ctx, b.way, errors.Join(err, missing))
	switch {
	case missing != nil:
		return release.CannotTell("run the break-glass command there; every other load balancer sends all its traffic to the good slot",
			"rollback: %w", errors.Join(missing, err))
	case err != nil:
		return release.CannotTell("look at the load balancer; the write to it was acknowledged", "rollback: %w", err)
	}
	return nil
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

// place is the slot to go to; no slot when there is nothing to move.
type place struct {
	slot   release.Slot
	asleep bool // stopped by choice
}

func (r Rollback) where(ctx context.Context) (place, error) {
	if r.Force != "" {
		return place{slot: r.Force}, nil
	}
	at, _, err := r.written(ctx)
	if errors.Is(err, errUnwritten) {
		// The way back is written before the first weight: a shift that began
		// between the look at the ledger and that at the weights has it there now.
		var page Page
		if at, page, err = r.written(ctx); errors.Is(err, errUnwritten) && r.another(page) {
			return place{}, nil
		}
	}
	return at, err
}

// another says whether the traffic of the candidate is that of another release, which
// was shifted there or is the way back: then this one, which would have written down
// its own shift before its first weight, has none.
func (r Rollback) another(page Page) bool {
	if r.Release == "" || page.Shift == nil || page.Shift.Release == r.Release {
		return false
	}
	return page.Shift.Candidate == r.Candidate || page.Good != nil && page.Good.Slot == r.Candidate
}

// written is the slot to go to as the ledger has it.
func (r Rollback) written(ctx context.Context) (place, Page, error) {
	page, err := patiently(ctx, "reading the ledger", r.Balancer.Ledger.Read)
	if err != nil {
		return place{}, page, release.CannotTell(ElseInstall(err, "name the slot to go to: force blue, or force green"), "rollback: read the good slot: %w", err)
	}
	switch shift := page.Shift; {
	case r.Release != "" && (shift == nil || shift.Release != r.Release):
		return place{}, page, r.nothing(ctx, page, r.Candidate)
	case page.Good != nil: // without a shift it is an adopted application's
		return place{page.Good.Slot, page.Good.Asleep}, page, nil
	case shift != nil:
		return place{}, page, r.nothing(ctx, page, shift.Candidate)
	}
	return place{}, page, r.nothing(ctx, page, r.Candidate)
}

// patiently reads again what did not come in time: the first try may have done no
// more than to open the way there.
func patiently[T any](ctx context.Context, what string, read func(context.Context) (T, error)) (found T, err error) {
	for range 3 {
		begin := time.Now()
		found, err = within(ctx, restoreTime, what, read)
		if err == nil || time.Since(begin) < restoreTime || ctx.Err() != nil {
			break
		}
	}
	return found, err
}

// nothing is nil when a release without a way back needs none, since its
// candidate has no traffic.
func (r Rollback) nothing(ctx context.Context, page Page, candidate release.Slot) error {
	if candidate == "" && r.Release != "" {
		return nil // it has never moved any traffic
	}
	weights, err := patiently(ctx, "reading the weights", r.Balancer.Router.Weights)
	switch {
	case err != nil:
		return release.CannotTell(r.orForce(ctx, "make the load balancer answer", release.Weights{}, release.Slots[:]...), "rollback: no good slot is written down, and the weights cannot be read: %w", err)
	case candidate != "" && weights.Of(candidate) == 0:
		return nil
	}
	return r.Nowhere(ctx, page, weights)
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
