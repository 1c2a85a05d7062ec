package slot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Deployed is what a deployment left behind.
type Deployed struct {
	Unchanged  bool // the slot ran exactly this before
	Containers []Container
	Quiet      int // workers that were created and wait for their start
	LogErrors  []LogError
	Loads      []Load
	Took       time.Duration
}

// deployment is one deployment on its way.
type deployment struct {
	*Environment
	order  Order
	plan   *plan
	found  *release.Findings
	before release.Weights
	since  time.Time // just before containers were started, by the engine's clock
	loads  map[string]*Load
}

// Deploy brings the release to the slot and returns when it has been healthy
// over the settle time, or with an error that wraps a *Failure where a container
// is to blame. It refuses a slot with traffic before it changes anything, unless
// it serves this release already. What was shown is added to found in either case.
func (e *Environment) Deploy(ctx context.Context, order Order, found *release.Findings) (Deployed, error) {
	started := time.Now()
	if err := order.check(); err != nil {
		return Deployed{}, err
	}
	p, err := e.plan(ctx, order)
	if err != nil {
		return Deployed{}, err
	}
	if err := e.Own(ctx, p.services); err != nil {
		return Deployed{}, err
	}
	d := &deployment{Environment: e, order: order, plan: p, found: found, loads: map[string]*Load{}}
	if err := d.look(ctx); err != nil {
		return Deployed{}, err
	}
	if d.before.Of(e.slot) > 0 {
		return d.stand(ctx)
	}
	if err := d.claim(ctx); err != nil {
		return Deployed{}, err
	}
	if err := d.pull(ctx); err != nil {
		return Deployed{}, err
	}
	if err := d.stillFree(ctx); err != nil {
		return Deployed{}, err
	}
	done, err := d.run(ctx)
	done.Took = time.Since(started)
	if err != nil {
		d.showFailure(err)
		return done, fmt.Errorf("deploy %s to %s: %w", order.Version, e.slot, err)
	}
	return done, d.finish(ctx, done)
}

// look reads how much of the traffic the slot has.
func (d *deployment) look(ctx context.Context) error {
	weights, err := d.order.Weights(ctx)
	if err != nil {
		return release.CannotTell("make the load balancer readable first", "read the weight of %s: %w", d.slot, err)
	}
	d.before = weights
	d.found.Show("8.1.s2", true, "version %s, %d images pinned by digest", d.order.Version, len(d.order.Images))
	if weights.Of(d.slot) == 0 {
		d.found.Show("8.1.s3", true, "%s is idle by the load balancer: %v", d.slot, weights)
	}
	return nil
}

// stillFree looks again before anything is removed: a pull can take half an hour,
// in which another release may have taken the slot over and been given traffic.
func (d *deployment) stillFree(ctx context.Context) error {
	weights, err := d.order.Weights(ctx)
	switch {
	case err != nil:
		return release.CannotTell("make the load balancer readable", "read the weight of %s after the pull: %w", d.slot, err)
	case weights.Of(d.slot) > 0:
		return release.Refuse("see who moved the traffic, then run again", "%s was given %v of the traffic during the pull", d.slot, weights.Of(d.slot))
	}
	return d.claim(ctx)
}

func (d *deployment) run(ctx context.Context) (Deployed, error) {
	have, err := d.Inspect(ctx)
	if err != nil {
		return Deployed{}, err
	}
	if d.since, err = d.engine.Now(ctx); err != nil {
		return Deployed{}, fmt.Errorf("read the engine's clock: %w", err)
	}
	done := Deployed{Unchanged: d.exactly(have)}
	if done.Unchanged {
		d.sayf("runs %s of this release already: nothing is changed", d.order.Version)
		d.found.Show("B.3.s1", true, "nothing else is in the slot")
	} else if err := d.replace(ctx, have); err != nil {
		return done, err
	}
	done.Containers, err = d.settle(ctx)
	if err != nil {
		return done, err
	}
	done.Quiet = len(d.quietWorkers(done.Containers))
	done.Loads = d.judgeLoads(done.Containers)
	done.LogErrors, err = d.judgeLogs(ctx, done.Containers)
	return done, err
}

// replace clears the slot of what is not of this release or is broken, and
// brings up what is missing.
func (d *deployment) replace(ctx context.Context, have []Container) error {
	if err := d.clear(ctx, have); err != nil {
		return err
	}
	now := d.plan.of(roleHTTP, roleJob)
	later := d.plan.of(roleWorker)
	if d.settings.Workers.Start == FromDeploy {
		now, later = append(now, later...), nil
	}
	if len(now) > 0 {
		d.sayf("starting %v", now)
		up := Up{Services: now, Scale: d.plan.scale(now)}
		if err := d.compose.Up(ctx, d.plan.override, up); err != nil {
			return d.explainUp(ctx, err)
		}
	}
	if len(later) > 0 {
		d.sayf("creating %v, quiet until the first step", later)
		up := Up{Services: later, Scale: d.plan.scale(later), NoStart: true, NoDeps: true}
		if err := d.compose.Up(ctx, d.plan.override, up); err != nil {
			return d.explainUp(ctx, err)
		}
	}
	return nil
}

// exactly says whether the slot is as a deployment of this release leaves it.
func (d *deployment) exactly(have []Container) bool {
	return d.counted(have) && !slices.ContainsFunc(have, d.replaceable)
}

// replaceable says that a container is not of this release, or not fit for it. What
// is foreign, and came after that was looked at, is left alone.
func (d *deployment) replaceable(c Container) bool {
	if !d.ours(c) {
		return !c.foreign(d.plan.services)
	}
	switch d.plan.roles[c.Service] {
	case roleWorker:
		if d.settings.Workers.Start != FromDeploy {
			return c.State != Created && c.State != Exited
		}
		return c.State != Running || c.broken() != ""
	case roleJob:
		return c.State != Running && c.broken() != "" || c.State == Created
	}
	return c.State != Running || c.broken() != ""
}

// ours compares what runs, not what was asked for.
func (d *deployment) ours(c Container) bool {
	want := d.plan.override[c.Service].Labels
	if want == nil {
		return false
	}
	for name, value := range want {
		if c.Labels[name] != value {
			return false
		}
	}
	pin, pinned := d.plan.pins[c.Service]
	return !pinned || c.runs(pin)
}

func (d *deployment) quietWorkers(all []Container) []Container {
	return slices.DeleteFunc(slices.Clone(all), func(c Container) bool { return !d.worker(c) || !c.quiet() })
}
