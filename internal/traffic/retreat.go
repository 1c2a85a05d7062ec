package traffic

import (
	"context"
	"errors"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// end decides where the traffic goes after a step has ended early. What comes
// first is the write to the load balancer, or nothing at all.
func (r *run) end(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil {
		cause = err
	}
	var stale *Stale
	var keep *pauseEnd
	switch {
	case errors.Is(cause, ErrLost) || errors.As(err, &stale):
		return r.stopped(err)
	case errors.As(err, &keep):
		return r.held(ctx, keep.reason)
	case ctx.Err() != nil && r.Settings.OnInterrupt == Hold:
		return r.held(ctx, "interrupted: "+cause.Error())
	case ctx.Err() != nil:
		return r.goBack(ctx, quickTime, &retreat{time.Now(), "interrupted: " + cause.Error()})
	}
	if why, ok := errors.AsType[*retreat](err); ok {
		return r.goBack(ctx, backTime, why)
	}
	return r.goBack(ctx, backTime, &retreat{time.Now(), err.Error()})
}

// goBack is the rollback inside the shift: the good slot was watched all the
// time, so nothing is asked before the write.
func (r *run) goBack(ctx context.Context, budget time.Duration, why *retreat) error {
	if r.Good == nil {
		return r.stranded(why, release.Refuse("repair the candidate: a first release has no slot to go back to", "no way back"))
	}
	whole := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(whole, budget)
	defer cancel()
	b := newBack(r.Balancer, r.Good.Slot, r.Settings.Observe, why.at, why.reason)
	err := b.restore(ctx)
	r.log.Back = b.way
	r.say(Decided, "back to the %s slot: %s", r.Good.Slot, why.reason)
	if err != nil {
		return r.stranded(why, err)
	}
	r.log.Weight, r.log.Outcome, r.log.Reason = 0, RolledBack, why.reason
	quieted := r.quiet(whole, budget)
	b.settle(ctx)
	if err := <-quieted; err != nil {
		b.way.warn("quiet the candidate's workers: %v", err)
	}
	r.release(whole)
	r.tellWay(b.way)
	return release.Refuse("read the reason and the readings; the candidate keeps running until it is cleaned up",
		"shift: rolled back from %v: %s", r.baking().Step.Weight, why.reason)
}

// quiet stops the candidate's workers beside the proof. A process that was told
// to end does not wait for them for long.
func (r *run) quiet(ctx context.Context, budget time.Duration) <-chan error {
	done := make(chan error, 1)
	switch {
	case r.crew.cancel == nil:
		done <- nil
		return done
	case budget != quickTime:
		budget = checkTime
	}
	go func() { done <- call(ctx, budget-time.Second, "quieting the candidate's workers", r.dismiss) }()
	return done
}

func (r *run) tellWay(w *Way) {
	r.say(Returned, "the %s slot has all the traffic: written after %v, effective after %v", w.Good,
		w.Write.Round(time.Microsecond), w.Effect.Round(time.Microsecond))
	if w.Warning != "" {
		r.say(Warned, "%s", w.Warning)
	}
}

// stranded keeps the lease: when it has expired, a guard will try again.
func (r *run) stranded(why *retreat, err error) error {
	r.log.Outcome, r.log.Reason = Stranded, why.reason
	if r.Good == nil {
		r.release(context.Background())
	}
	return release.CannotTell("run the rollback, or the break-glass command of the load balancer",
		"shift: %s: the traffic stays at %v for the %s slot: %w", why.reason, r.log.Weight, r.Candidate, err)
}

// stopped ends without touching the weights: they are somebody else's now.
func (r *run) stopped(err error) error {
	r.log.Outcome, r.log.Reason = Stopped, err.Error()
	r.say(Ended, "stopped without touching the weights: %v", err)
	return release.Refuse("see who has taken over: a newer shift, or a rollback; roll back if it was neither", "shift: stopped at %v: %w", r.log.Weight, err)
}

func (r *run) held(ctx context.Context, reason string) error {
	r.log.Outcome, r.log.Reason = HeldAt, reason
	r.release(ctx)
	r.say(Ended, "held at %v: %s", r.log.Weight, reason)
	return release.Refuse("run the shift again to go on at this weight, or roll back", "shift: held at %v: %s", r.log.Weight, reason)
}
