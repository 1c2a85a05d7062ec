package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ready makes sure of the good slot, where there is a reason to: it was stopped by
// choice, or nobody has watched it. One that was forced is not asked, nor one that a
// shift has watched until a moment ago, nor one that has all the traffic already.
func (r Rollback) ready(ctx context.Context, way *Way, asleep bool) error {
	switch {
	case r.Force != "" || !asleep && (!r.Cold || !way.Moved()):
		return nil
	case asleep:
		return r.wake(ctx, way)
	case r.Healthy == nil:
		return release.Reject("pass a health check, or force the slot", "rollback: nobody can ask the %s slot", way.Good)
	}
	asked, stopped := aside(func() error { return r.health(ctx, way.Good.Other()) }), aside(func() bool { return r.stopped(ctx, way.Good) })
	err := r.health(ctx, way.Good)
	way.Healthy = orHealthy(err)
	if err == nil {
		return nil
	}
	if <-stopped { // as a whole, which is no sickness: it can be started
		return r.wake(ctx, way)
	}
	other := <-asked
	if r.Alone && other != nil && !sick(err) {
		way.warn("whether the %s slot is healthy was not found out: %v", way.Good, err)
		return nil
	}
	return r.stay(way, err, state(other))
}

// aside asks beside something else.
func aside[T any](ask func() T) <-chan T {
	answer := make(chan T, 1)
	go func() { answer <- ask() }()
	return answer
}

func (r Rollback) stopped(ctx context.Context, slot release.Slot) bool {
	if r.Asleep == nil {
		return false
	}
	asleep, err := within(ctx, coldTime, "looking for stopped containers", func(ctx context.Context) (bool, error) { return r.Asleep(ctx, slot) })
	return asleep && err == nil
}

// state is how a slot is, in words that follow its name.
func (r Rollback) state(ctx context.Context, slot release.Slot) string {
	if r.Healthy == nil {
		return "was not asked"
	}
	return state(r.health(ctx, slot))
}

func state(err error) string {
	if err != nil {
		return "is not healthy either: " + err.Error()
	}
	return "is healthy"
}

// wake starts the good slot and waits until it is healthy. The traffic stays
// where it is meanwhile, so an end of ctx is heard.
func (r Rollback) wake(ctx context.Context, way *Way) error {
	if r.Wake == nil {
		return r.stay(way, errors.New("it is stopped"), r.state(ctx, way.Good.Other()))
	}
	took, err := r.Wake(ctx, way.Good)
	if err != nil {
		return r.stay(way, fmt.Errorf("it was stopped, and does not start: %w", err), r.state(ctx, way.Good.Other()))
	}
	way.Woken, way.Healthy = took, fmt.Sprintf("was stopped; healthy %v after its start", took.Round(time.Millisecond))
	switch now, err := r.where(context.WithoutCancel(ctx)); {
	case err != nil:
		return err
	case now.slot != way.Good:
		return release.Refuse("look at the weights, and roll back again if it is still wanted",
			"rollback: while the %s slot was started, another release has taken it", way.Good)
	}
	write := func(ctx context.Context) error { return WakeUp(ctx, r.Balancer.Ledger, way.Good, took, true) }
	if err := call(ctx, coldTime, "writing the ledger", write); err != nil {
		way.warn("it was not written down that the %s slot was started: %v", way.Good, err)
	}
	return nil
}

// stay refuses to go to a slot that cannot take the traffic, and says how both are.
func (r Rollback) stay(way *Way, why error, other string) error {
	return release.Refuse(fmt.Sprintf("repair the %s slot, or go there all the same: force %s", way.Good, way.Good),
		"rollback: the weights stay as they are: the good slot, %s, is not healthy: %w; the %s slot %s", way.Good, why, way.Good.Other(), other)
}
