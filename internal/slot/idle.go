package slot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Mode is what an idle slot keeps running.
type Mode string

// The modes of an idle slot.
const (
	Warm Mode = "warm" // HTTP at full scale, so that the way back is a change of weights
	Stop Mode = "stop" // nothing; the containers are kept
)

// UnmarshalText accepts "warm" and "stop".
func (m *Mode) UnmarshalText(text []byte) error {
	if *m = Mode(text); *m != Warm && *m != Stop {
		return fmt.Errorf("mode %q: want warm or stop", text)
	}
	return nil
}

// Idle quiets the workers and, with Stop, stops the rest. Nothing is removed.
func (e *Environment) Idle(ctx context.Context, mode Mode) (Quieted, error) {
	q, err := e.Workers().Quiet(ctx)
	if err != nil || mode == Warm {
		return q, err
	}
	all, err := e.Inspect(ctx)
	if err != nil {
		return q, err
	}
	var group errgroup.Group // of no context: the engine goes on with what was begun, so each end is waited for
	for _, c := range e.without(all) {
		group.Go(func() error { return e.engine.Stop(ctx, c.ID, OwnGrace) })
	}
	return q, group.Wait()
}

// Asleep says whether all of the slot that serves is there, and none of it runs:
// it was stopped, by Idle, by a person or with its host.
func (e *Environment) Asleep(ctx context.Context) (bool, error) {
	all, err := e.Inspect(ctx)
	if err != nil {
		return false, release.CannotTell("see whether the docker engine of the slot answers", "%w", err)
	}
	serving := e.without(all)
	running := slices.ContainsFunc(serving, func(c Container) bool { return !c.quiet() })
	return len(serving) > 0 && !running && len(missing(serving)) == 0, nil
}

// Wake starts what Idle stopped, but for the workers and the jobs, and returns
// how long it took until the slot was healthy.
func (e *Environment) Wake(ctx context.Context) (time.Duration, error) {
	started := time.Now()
	limit := e.settings.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not healthy within %v", limit))
	defer cancel()
	all, err := e.Inspect(ctx)
	if err != nil {
		return 0, err
	}
	serving := slices.DeleteFunc(e.without(all), Container.job)
	if err := e.start(ctx, serving); err != nil {
		return 0, err
	}
	for {
		err := e.Healthy(ctx)
		if err == nil {
			return time.Since(started), nil
		}
		if pause(ctx, lookEvery); ctx.Err() != nil {
			return 0, fmt.Errorf("wake %s: %w: %w", e.slot, context.Cause(ctx), err)
		}
	}
}

// Still stops all of a release's slot, so that nothing of it uses the database any
// more. It refuses a slot that has anything of another release, and leaves it alone.
func (e *Environment) Still(ctx context.Context, id release.ID) error {
	if _, err := e.Of(ctx, id); err != nil {
		return err
	}
	if _, err := e.Idle(ctx, Stop); err != nil {
		return err
	}
	all, err := e.Inspect(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if !c.quiet() {
			return fmt.Errorf("%s still runs", c)
		}
	}
	return nil
}
