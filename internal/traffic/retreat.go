package traffic

import (
	"context"
	"errors"
	"fmt"
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
	crash, crashed := errors.AsType[*retreat](cause)
	const again = "run the shift again to go on at this weight, or roll back"
	switch {
	case errors.Is(cause, ErrLost) && !errors.Is(err, ErrLost): // a call that was cut short does not say why
		return r.stopped(fmt.Errorf("%w: %w", cause, err))
	case errors.Is(cause, ErrLost) || errors.As(err, &stale):
		return r.stopped(err)
	}
	if lost := r.overtaken(ctx); lost != nil {
		return r.stopped(fmt.Errorf("%w while this process was away; it would have said: %w", lost, err))
	}
	switch {
	case ctx.Err() != nil && crashed:
		return r.goBack(ctx, backTime, crash)
	case errors.As(err, &keep):
		return r.held(ctx, keep.reason, again)
	case ctx.Err() != nil && r.Settings.OnInterrupt == Hold:
		return r.held(ctx, "interrupted: "+cause.Error(), again)
	case ctx.Err() != nil:
		return r.goBack(ctx, quickTime, &retreat{time.Now(), "interrupted: " + cause.Error()})
	}
	if why, ok := errors.AsType[*retreat](err); ok {
		return r.goBack(ctx, backTime, why)
	}
	return r.goBack(ctx, backTime, &retreat{time.Now(), err.Error()})
}

// goBack is the rollback inside the shift: the good slot was watched all the
// time, so nothing is asked before the write, unless there is a sign that the good
// slot is gone.
func (r *run) goBack(ctx context.Context, budget time.Duration, why *retreat) error {
	if r.Good == nil {
		return r.stranded(why, r.stays(), release.Refuse("repair the candidate: a first release has no slot to go back to", "no way back"))
	}
	whole := context.WithoutCancel(ctx)
	if sick := r.sick(whole); sick != nil {
		return r.keeps(whole, why, sick)
	}
	ctx, cancel := context.WithTimeout(whole, r.settled(budget))
	defer cancel()
	b := newBack(r.Balancer, r.Good.Slot, r.Settings.Observe, why.at, why.reason)
	err := b.restore(ctx)
	r.log.Back = b.way
	r.say(Decided, "back to the %s slot: %s", r.Good.Slot, why.reason)
	if err != nil {
		return r.stranded(why, r.stays(), err)
	}
	quieted := r.quiet(whole, budget)
	unproven := b.settle(ctx)
	unproven = errors.Join(unproven, b.others(ctx))
	r.tellWay(b.way, unproven)
	if unproven == nil && budget != quickTime {
		unproven = r.remains(whole, b.way)
		ctx = whole // its time may be over by now
	}
	if unproven == nil {
		writeBack(ctx, r.Balancer.Ledger, b.way)
	}
	if err := <-quieted; err != nil {
		b.way.warn("quiet the candidate's workers: %v", err)
		r.say(Warned, "quiet the candidate's workers: %v", err)
	}
	if unproven != nil {
		return r.stranded(why, b.way.partly(), unproven)
	}
	r.log.Weight, r.log.Outcome, r.log.Reason = 0, RolledBack, why.reason
	r.release(whole)
	return release.Refuse("read the reason and the readings; the candidate keeps running until it is cleaned up",
		"shift: rolled back from %v: %s", r.baking().Step.Weight, why.reason)
}

// sick asks the good slot, for at most a second, where something was said of it or
// the shift has stood still for long: it may be the reason. It is nil where the
// traffic can go there.
func (r *run) sick(ctx context.Context) error {
	if r.Healthy == nil || !r.vigil.doubtful() {
		return nil
	}
	ask := Rollback{Healthy: r.Healthy}
	other := aside(func() string { return ask.state(ctx, r.Candidate) })
	err := ask.health(ctx, r.Good.Slot)
	if err == nil {
		return nil
	}
	return fmt.Errorf("the good slot, %s, is not healthy: %w; the %s slot %s", r.Good.Slot, err, r.Candidate, <-other)
}

// keeps holds the weight where the way back leads nowhere: whom the candidate
// serves would be lost, too. Somebody has to look.
func (r *run) keeps(ctx context.Context, why *retreat, sick error) error {
	r.log.Sick = sick.Error()
	return r.held(ctx, fmt.Sprintf("%s; and the traffic stays where it is: %v", why.reason, sick),
		fmt.Sprintf("repair the %s slot, then roll back or run the shift again; to go there all the same, force %s", r.Good.Slot, r.Good.Slot))
}

// remains watches for a moment, while the lease keeps others away, that no late
// writer wins against the way back. The rollback after a shift watches for longer.
func (r *run) remains(ctx context.Context, w *Way) error {
	if r.Balancer.Assert == nil {
		return nil
	}
	text, err := within(ctx, backTime+grace, "watching the weights", func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, backTime, errEnough)
		defer cancel()
		return r.Balancer.Assert(ctx, w.Good)
	})
	if text != "" {
		r.say(Returned, "after the proof: %s", text)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	weights, err := within(ctx, restoreTime, "reading the weights", r.Balancer.Router.Weights)
	if err == nil && weights != release.Split(w.Good, 100) {
		return fmt.Errorf("after the proof the weights were changed to %v", weights)
	}
	return nil // the proof stands where they cannot be read once more
}

// quiet stops the candidate's workers beside the proof. A process that was told
// to end does not wait for them for long.
func (r *run) quiet(ctx context.Context, budget time.Duration) <-chan error {
	done := make(chan error, 1)
	switch {
	case r.crew.cancel == nil && !r.begun: // a run before this one may have started them
		done <- nil
		return done
	case budget != quickTime:
		budget = checkTime
	}
	go func() { done <- call(ctx, budget-time.Second, "quieting the candidate's workers", r.dismiss) }()
	return done
}

// errEnough cuts short a watch over the weights.
var errEnough = errors.New("that was watched for long enough")

func (r *run) tellWay(w *Way, unproven error) {
	text := fmt.Sprintf("the %s slot has all the traffic", w.Good)
	if unproven != nil {
		text = w.partly()
	}
	r.say(Returned, "%s: written after %v, effective after %v", text, w.Write.Round(time.Microsecond), w.Effect.Round(time.Microsecond))
	if w.Warning != "" {
		r.say(Warned, "%s", w.Warning)
	}
}

// partly says what a way back that was written has reached, as far as is known.
func (w *Way) partly() string {
	if missing := w.Missing(); missing != "" {
		return fmt.Sprintf("the %s slot has all the traffic but that of %s", w.Good, missing)
	}
	return fmt.Sprintf("the %s slot was given all the traffic, and whether it has it is not proven", w.Good)
}

func (r *run) stays() string { return fmt.Sprintf("the traffic stays with the %s slot", r.Candidate) }

// stranded keeps the lease: when it has expired, a guard will try again. Where says
// how far the traffic came.
func (r *run) stranded(why *retreat, where string, err error) error {
	r.log.Outcome, r.log.Reason = Stranded, why.reason
	if r.Good == nil {
		r.release(context.Background())
	}
	return release.CannotTell("run the rollback, or the break-glass command of the load balancer",
		"shift: %s: %s: %w", why.reason, where, err)
}

// stopped ends without touching the weights: they are somebody else's now, or may be.
func (r *run) stopped(err error) error {
	r.log.Outcome, r.log.Reason = Stopped, err.Error()
	r.say(Ended, "stopped without touching the weights: %v", err)
	hint := "see who has taken over: a newer shift, or a rollback; roll back if it was neither"
	if errors.Is(err, errSilent) {
		hint = "roll back, since nobody watches the candidate any more; or make the store of the lease answer, and run the shift again to go on at this weight"
	}
	return release.Refuse(hint, "shift: stopped at %v: %w", r.log.Weight, err)
}

func (r *run) held(ctx context.Context, reason, hint string) error {
	r.log.Outcome, r.log.Reason = HeldAt, reason
	r.release(ctx)
	r.say(Ended, "held at %v: %s", r.log.Weight, reason)
	return release.Refuse(hint, "shift: held at %v: %s", r.log.Weight, reason)
}
