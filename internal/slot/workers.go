package slot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Workers are the containers of a slot that take jobs from the shared queue.
type Workers struct{ slot *Environment }

// Workers returns the slot's workers.
func (e *Environment) Workers() Workers { return Workers{e} }

// Quieted is what came of quieting workers.
type Quieted struct {
	Stopped int            // that were running
	Codes   map[string]int // exit code of each, by name such as "worker 2"
	Killed  int            // of those that were stopped, exited with 137: the grace was not enough
}

// Start starts the workers that are not running, and returns how many run when
// all do and are healthy where they have a check. Which of them crash later is
// told by Watch.
func (w Workers) Start(ctx context.Context) (int, error) {
	limit := w.slot.settings.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("workers of %s do not run within %v", w.slot.slot, limit))
	defer cancel()
	all, err := w.list(ctx)
	if err != nil {
		return 0, err
	}
	if want := w.slot.settings.Scale[w.slot.settings.Workers.Service]; len(all) < want {
		return 0, release.Refuse("deploy to the slot again", "start workers of %s: it has %d of %d", w.slot.slot, len(all), want)
	}
	if err := w.slot.start(ctx, all); err != nil {
		return 0, err
	}
	return len(all), w.await(ctx)
}

func (w Workers) await(ctx context.Context) error {
	for {
		all, err := w.list(ctx)
		if err != nil {
			return err
		}
		lack := ""
		for _, c := range all {
			if why := c.broken(); why != "" {
				return release.Refuse("see the log of the worker", "%w", &Failure{c.String(), why, w.slot.lastLines(ctx, c, logTail)})
			}
			if c.unready() != "" {
				lack = c.String() + " " + c.unready()
			}
		}
		if lack == "" {
			return nil
		}
		if pause(ctx, lookEvery); ctx.Err() != nil {
			return fmt.Errorf("start workers of %s: %s: %w", w.slot.slot, lack, context.Cause(ctx))
		}
	}
}

// Quiet asks the workers that run to finish, waits until they have exited, and
// returns how. The engine kills what is still there when the grace is over, and
// goes on with it when this program is killed.
func (w Workers) Quiet(ctx context.Context) (Quieted, error) {
	all, err := w.list(ctx)
	if err != nil {
		return Quieted{}, err
	}
	return w.slot.quiet(ctx, all)
}

// Running is how many of them run.
func (w Workers) Running(ctx context.Context) (int, error) {
	all, err := w.list(ctx)
	return len(slices.DeleteFunc(all, Container.quiet)), err
}

func (w Workers) list(ctx context.Context) ([]Container, error) {
	all, err := w.slot.Inspect(ctx)
	return slices.DeleteFunc(all, func(c Container) bool { return !w.slot.worker(c) }), err
}

// quiet quiets the workers among some containers.
func (e *Environment) quiet(ctx context.Context, among []Container) (Quieted, error) {
	var mu sync.Mutex
	var group errgroup.Group // not one context: one that fails must not cut the others' grace
	asked := map[string]bool{}
	for _, c := range among {
		if !e.worker(c) || c.quiet() {
			continue
		}
		group.Go(func() error {
			if err := e.engine.Stop(ctx, c.ID, e.settings.Workers.Grace); err != nil {
				return fmt.Errorf("quiet %s of %s: %w", c, e.slot, err)
			}
			mu.Lock()
			defer mu.Unlock()
			asked[c.ID] = true
			return nil
		})
	}
	err := group.Wait()
	q, lookErr := e.outcome(ctx, asked)
	if err == nil {
		err = lookErr
	}
	return q, err
}

// killedCode is the exit code of what was ended by SIGKILL.
const killedCode = 128 + 9

func (e *Environment) outcome(ctx context.Context, asked map[string]bool) (Quieted, error) {
	q := Quieted{Codes: map[string]int{}}
	if len(asked) == 0 {
		return q, nil
	}
	all, err := e.Inspect(ctx)
	if err != nil {
		return q, err
	}
	for _, c := range all {
		if !asked[c.ID] {
			continue
		}
		if !c.quiet() {
			return q, release.Refuse("see what starts the worker again", "%s of %s is %s after it was stopped", c, e.slot, c.State)
		}
		q.Stopped++
		q.Codes[c.String()] = c.ExitCode
		if c.ExitCode == killedCode {
			q.Killed++
		}
	}
	if q.Stopped > 0 {
		e.sayf("%d workers finished and stopped, %d were killed after %v", q.Stopped-q.Killed, q.Killed, e.settings.Workers.Grace)
	}
	return q, nil
}

func (e *Environment) start(ctx context.Context, all []Container) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range all {
		if !c.quiet() {
			continue
		}
		group.Go(func() error {
			if err := e.engine.Start(ctx, c.ID); err != nil {
				return fmt.Errorf("start %s of %s: %w", c, e.slot, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Show adds to found what the plan wants to see of running workers. Before they
// are started it cannot be shown.
func (w Workers) Show(ctx context.Context, pin release.Digest, found *release.Findings) error {
	all, err := w.list(ctx)
	if err != nil {
		return err
	}
	running, right := 0, 0
	for _, c := range all {
		if c.unready() == "" {
			running++
		}
		if slices.ContainsFunc(c.Images, func(r string) bool { return strings.HasSuffix(r, "@"+string(pin)) }) {
			right++
		}
	}
	well := running == len(all) && right == len(all) && running > 0
	found.Show("B.3.s6", well, "%d of %d workers run, %d with %s", running, len(all), right, pin.Short())
	found.Show("1.2.p2", well, "workers of %s: %d run with %s", w.slot.slot, running, pin.Short())
	return nil
}
