// Package rollback is the action that brings the traffic to the good slot, and
// then says what happened to both. It never goes to "the other slot".
package rollback

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "rollback",
	Keeps:    true,
	Summary:  "Brings the traffic to the good slot that was written down, proves it, and collects diagnostics. Needs neither GitHub nor the database, Redis or Prometheus.",
	Settings: []string{"router", "routers", "slots"},
	Quiet:    []string{"application", "shift", "queue", "database", "notify", "smoke"},
	Needed:   []string{"router", "routers", "shift"}, // a mistake anywhere else must not hold up the traffic
}, run)

type inputs struct {
	Reason string        `input:"reason" help:"Who asked, or why; for the record."`
	Force  release.Slot  `input:"force" help:"Go to this slot without asking anything: blue or green."`
	Cold   Cold          `input:"cold" default:"auto" help:"Whether to ask the good slot first, for at most a second, since nobody has watched it lately: true, false, or auto, which asks unless the record says that the shift has taken its traffic back. With auto and a release, a slot that cannot be asked gets the traffic all the same, unless the candidate is healthy."`
	Guard  bool          `input:"when-lease-expires" default:"false" help:"Watch the shift of this release instead, and roll back when its lease expires, since its runner is lost. Fails unless the shift finishes, also after it has brought the traffic back, so that it is run again beside the next."`
	Appear time.Duration `input:"appear" default:"10m" help:"With when-lease-expires: how long the shift may take to begin. It may wait for the shift of another release; a release that was rolled back meanwhile is not waited for."`
	Schema Schema        `input:"schema" default:"keep" help:"keep leaves the schema as it is, which the good slot can live with. down takes the migrations of this release back where database.down is proven and nothing would be lost; it stops the containers of the release first."`
	Watch  time.Duration `input:"watch" default:"75s" help:"How long to watch, after the traffic is back, that no request reaches the slot that was left and that the queue is worked on. The plan wants a minute; the first 10 s are for late requests. 0s leaves it out."`
}

type outputs struct {
	Moved  bool         `output:"moved" help:"true when there was traffic to bring back."`
	Slot   release.Slot `output:"slot" help:"The slot that has all the traffic now."`
	TookMS int          `output:"took-ms" help:"Milliseconds from the start to the effect."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	back, err := assemble(job, in)
	if err != nil {
		return outputs{}, err
	}
	switch {
	case job.DryRun:
		return outputs{}, plan(ctx, job, back)
	case in.Guard:
		return guard(ctx, job, back, in)
	}
	way, err := back.Run(ctx)
	stays := stay(ctx, job, back, way)
	return result(job, way), errors.Join(after(ctx, job, back, in, way, err), stays())
}

func assemble(job *action.Job, in inputs) (traffic.Rollback, error) {
	balancers, err := connect.Rescue(job)
	if err != nil {
		return traffic.Rollback{}, err
	}
	leases, err := connect.Leases(job) // opens, and asks nobody yet
	if err != nil {
		job.Log.Warn("the lease will not be ended", "error", err)
	}
	back := traffic.Rollback{
		Balancer: traffic.Join(balancers...), Release: job.Release.ID, Candidate: job.Release.Candidate, Force: in.Force,
		Observe: job.Config.Shift.Observe, Decided: time.Now(),
		Reason: cmp.Or(in.Reason, asker(job)),
		Cold:   in.Cold.holds(job.Release.Shifted), Alone: in.Cold.alone(job), Healthy: connect.Healthy(job), Asleep: connect.Asleep(job), Wake: connect.Wake(job), Found: job.Findings,
	}
	if leases != nil {
		back.Lease = leases
	}
	return back, nil
}

func guard(ctx context.Context, job *action.Job, back traffic.Rollback, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, "preflight"); err != nil {
		return outputs{}, err
	}
	if back.Lease == nil {
		return outputs{}, release.CannotTell("correct queue.url or database.url, whichever the shift keeps its lease in; the shift is not watched", "guard: the store of the lease cannot be opened")
	}
	job.Log.Info("watching the lease of the shift", "release", job.Release.ID)
	seen, err := traffic.Guard{
		Owner: traffic.Owner{Release: job.Release.ID, Process: connect.Attempt(job)}, Lease: back.Lease,
		Appear: in.Appear, Tick: time.Second, Back: back,
	}.Run(ctx)
	if !seen.Tried || seen.Back == nil && err == nil {
		return outputs{}, watched(job, seen, err)
	}
	stays := stay(ctx, job, back, seen.Back)
	return result(job, seen.Back), errors.Join(after(ctx, job, back, in, seen.Back, err), stays(), seen.Again)
}

// watched is the end of a guard that had nothing to bring back, or was told to end
// before it had. Nothing was tried, so nobody is told that something has failed.
func watched(job *action.Job, seen traffic.Watched, err error) error {
	if err = errors.Join(err, seen.Again); err == nil {
		job.Page.Verdict(summary.Good, "guard: %s", seen.Text)
	}
	return err
}

// stay watches the traffic beside what follows it, where a late writer could move
// it again, and says so. A rollback that is told to end does not wait for it.
func stay(ctx context.Context, job *action.Job, back traffic.Rollback, way *traffic.Way) func() error {
	wait := connect.Assert(ctx, back.Balancer, way)
	return func() error {
		text, err := wait()
		if text != "" {
			job.Page.Say("After the proof: %s.", text)
		}
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
}

// result is what came of the way back. Traffic that moved is in the record, too:
// a shift that was killed could not say how it ended.
func result(job *action.Job, way *traffic.Way) outputs {
	if way == nil {
		return outputs{}
	}
	moved := way.Write > 0 && way.Moved()
	if moved && job.Release.ID != "" {
		job.Add.Shifted = &release.Shifted{Weight: way.Weights.Of(way.Good.Other()), RolledBack: true, Reason: way.Reason, At: time.Now().UTC()}
	}
	slot, _ := way.Weights.Live()
	return outputs{Moved: moved, Slot: slot, TookMS: int(way.Effect.Milliseconds())}
}
