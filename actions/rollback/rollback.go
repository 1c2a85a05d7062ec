// Package rollback is the action that brings the traffic to the good slot, and
// then says what happened to both. It never goes to "the other slot".
package rollback

import (
	"cmp"
	"context"
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
	Summary:  "Brings the traffic to the good slot that was written down, proves it, and collects diagnostics. Needs neither GitHub nor the database, Redis or Prometheus.",
	Settings: []string{"router", "slots"},
	Quiet:    []string{"shift"}, // not queue and database: a secret of theirs that is missing must not hold up the traffic
}, run)

type inputs struct {
	Reason string        `input:"reason" help:"Who asked, or why; for the record."`
	Force  release.Slot  `input:"force" help:"Go to this slot without asking anything: blue or green."`
	Cold   Cold          `input:"cold" default:"auto" help:"Whether to ask the good slot first, for at most a second, since nobody has watched it lately: true, false, or auto, which asks when no release was passed."`
	Guard  bool          `input:"when-lease-expires" default:"false" help:"Watch the shift of this release instead, and roll back when its lease expires, since its runner is lost."`
	Appear time.Duration `input:"appear" default:"10m" help:"With when-lease-expires: how long the shift may take to begin."`
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
	return result(job, way), after(ctx, job, back, way, err)
}

func assemble(job *action.Job, in inputs) (traffic.Rollback, error) {
	balancer, _, err := connect.Balancer(job)
	if err != nil {
		return traffic.Rollback{}, err
	}
	leases, err := connect.Leases(job)
	if err != nil {
		job.Log.Warn("the lease will not be ended", "error", err)
	}
	back := traffic.Rollback{
		Balancer: balancer, Release: job.Release.ID, Candidate: job.Release.Candidate, Force: in.Force,
		Observe: job.Config.Shift.Observe, Decided: time.Now(),
		Reason: cmp.Or(in.Reason, asker(job)),
		Cold:   in.Cold.holds(job), Healthy: connect.Healthy(job), Found: job.Findings,
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
		return outputs{}, release.CannotTell("correct queue.url; the shift is not watched", "guard: the store of the lease cannot be opened")
	}
	job.Log.Info("watching the lease of the shift", "release", job.Release.ID)
	seen, err := traffic.Guard{
		Owner: traffic.Owner{Release: job.Release.ID, Process: connect.Attempt(job)}, Lease: back.Lease,
		Appear: in.Appear, Tick: time.Second, Back: back,
	}.Run(ctx)
	if seen.Back == nil && err == nil {
		job.Page.Verdict(summary.Good, "guard: %s", seen.Text)
		return outputs{}, nil
	}
	return result(job, seen.Back), after(ctx, job, back, seen.Back, err)
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
