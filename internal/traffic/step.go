package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// retreat is the decision to go back.
type retreat struct {
	at     time.Time
	reason string
}

func (r *retreat) Error() string { return r.reason }

// pauseEnd is the decision to keep the weight and end.
type pauseEnd struct{ reason string }

func (h *pauseEnd) Error() string { return h.reason }

// step gives the candidate one weight, proves it, and watches it for its time.
// Every error that it returns means that the traffic has to go somewhere.
func (r *run) step(ctx context.Context, s Step) error {
	r.log.Steps = append(r.log.Steps, Baking{Step: s, Set: now()})
	if err := r.set(ctx, s.Weight); err != nil {
		return fmt.Errorf("set %v: %w", s.Weight, err)
	}
	r.log.Weight, r.baking().Set = s.Weight, now()
	r.say(Weighed, "the %s slot was given %v", r.Candidate, s.Weight)
	if err := r.prove(ctx, s.Weight); err != nil {
		return fmt.Errorf("prove %v: %w", s.Weight, err)
	}
	r.work(ctx)
	if err := r.bake(ctx, s); err != nil || !s.Hold {
		return err
	}
	return r.rest(ctx, s)
}

// rest ends the shift at a step that is to be looked at, and writes down that it
// was, so that the next run goes on.
func (r *run) rest(ctx context.Context, s Step) error {
	err := call(ctx, callTime, "writing the ledger", func(ctx context.Context) error {
		return r.Balancer.Ledger.Update(ctx, func(p *Page) error {
			if p.Shift != nil && p.Shift.Release == r.Owner.Release {
				p.Shift.Held = s.Weight
			}
			return nil
		})
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		r.say(Warned, "the ledger does not say that %v was held, so the next run will hold there again: %v", s.Weight, err)
	}
	return &pauseEnd{fmt.Sprintf("the step %v is over, and its configuration says to hold there", s)}
}

// prove compares what the load balancer says and what it does with what was
// asked. Honest traffic misses three standard deviations once in 370 times, so
// it is counted three times before it is called wrong.
func (r *run) prove(ctx context.Context, w release.Weight) error {
	baking, want := r.baking(), release.Split(r.Candidate, w)
	var misfit error
	for try := range 3 {
		if try > 0 && !sleep(ctx, time.Second) {
			return context.Cause(ctx)
		}
		weights, err := within(ctx, callTime, "reading the weights", r.Balancer.Router.Weights)
		if err != nil {
			misfit = err
			continue
		}
		share, err := within(ctx, countingTime(r.Settings.Observe)+r.Balancer.Settles, "counting requests", func(ctx context.Context) (counted, error) {
			return r.Balancer.count(ctx, r.Settings.Observe, want)
		})
		if err != nil {
			misfit = err
			continue
		}
		baking.Weights, baking.Share = weights, share.Share
		if weights == want && share.Fits(want) {
			r.say(Observed, "asked for %v, counted %v", want, share)
			return nil
		}
		misfit = fmt.Errorf("asked for %v, the load balancer says %v, counted %v", want, weights, share)
	}
	if err := call(ctx, callTime, "renewing the lease", r.renew); errors.Is(err, ErrLost) {
		return fmt.Errorf("%w: %w", err, misfit) // the weights are somebody else's
	}
	return misfit
}

// bake watches one step until its time is over.
func (r *run) bake(ctx context.Context, s Step) error {
	w := &watch{run: r, step: s, clock: newClock(r.Settings.Tick, time.Now()), told: time.Now()}
	w.quiet = newSilence(r, s)
	for {
		over, err := w.look(ctx)
		w.record()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		working, err := r.working()
		if err != nil {
			return err
		}
		if over && working {
			done, err := w.done(ctx)
			if err != nil {
				return err
			}
			if done {
				return w.close(ctx)
			}
		}
		if !sleep(ctx, w.clock.next(s.Bake)) {
			return context.Cause(ctx)
		}
	}
}

// done says whether a step whose time is over may end: the last one is validated,
// and the next one may need an approval.
func (w *watch) done(ctx context.Context) (bool, error) {
	valid, err := w.validate(ctx)
	if err != nil || !valid {
		return false, err
	}
	return w.admitted(ctx)
}

// baking is the step that is on.
func (r *run) baking() *Baking { return &r.log.Steps[len(r.log.Steps)-1] }

// ask evaluates the gates. A source that does not come back in time is not
// asked again until it does; meanwhile its metrics are lost.
func (r *run) ask(ctx context.Context, at gate.Moment) gate.Decision {
	late := time.NewTimer(askTime + grace)
	defer late.Stop()
	if r.asking == nil {
		r.asking = r.evaluate(ctx, at)
	}
	why := "the gates did not answer"
	select {
	case d := <-r.asking:
		r.asking = nil
		return d
	case <-late.C:
	case <-ctx.Done():
		why = context.Cause(ctx).Error()
	}
	lost := gate.Reading{Rule: "gates", Verdict: gate.Inconclusive, Code: gate.MetricsLost, Reason: why}
	return gate.Decision{Verdict: gate.Inconclusive, Readings: []gate.Reading{lost}, At: now()}
}

func (r *run) evaluate(ctx context.Context, at gate.Moment) chan gate.Decision {
	answer := make(chan gate.Decision, 1)
	go func() {
		ctx, cancel := context.WithTimeoutCause(ctx, askTime, errors.New("the gates took too long"))
		defer cancel()
		answer <- r.Gates.Evaluate(ctx, at)
	}()
	return answer
}
