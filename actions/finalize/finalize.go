// Package finalize is the action that ends a release: the new slot becomes the
// load balancer's default, and the old one idles, ready to take over again.
package finalize

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "finalize",
	Summary:  "Makes the new slot the default and idles the old one, warm or stopped, and changes the rows that it has written behind a backfill; later checks that the good slot could still take over, and removes what its window has released.",
	Settings: []string{"router", "routers", "slots", "database", "images", "cleanup"},
	Quiet:    []string{"shift", "prometheus", "scrape", "gates"},
	Needed:   []string{"router", "routers", "slots", "shift"}, // the backfills come last, and must not hold up the rest
	After:    []string{"preflight", "shift"},
}, run)

type inputs struct {
	Stage Stage     `input:"stage" default:"idle" help:"idle ends the release; check only looks whether the good slot could take all the traffic now; clean removes what neither slot uses, after cleanup.after; destroy removes what is in the slot that was live before, after cleanup.window; due does of both what is due. clean and destroy fail before their time."`
	Mode  slot.Mode `input:"mode" default:"warm" help:"What the old slot keeps running: warm (HTTP at full scale, workers quiet) or stop (nothing; the way back then takes a start)."`
}

type outputs struct {
	Idle    release.Slot `output:"idle" help:"The slot that is idle now."`
	Filled  int64        `output:"filled" help:"How many rows were changed that the old version had written behind a backfill."`
	Removed int          `output:"removed" help:"How many containers, networks and images a clean-up has removed."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	balancer, err := connect.Balancer(job)
	if err != nil {
		return outputs{}, err
	}
	switch in.Stage {
	case Check:
		return outputs{}, check(ctx, job, balancer)
	case Clean, Destroy, Due:
		return tidy(ctx, job, balancer, in.Stage)
	}
	if err := connect.NeedRelease(job, job.After...); err != nil {
		return outputs{}, err
	}
	live := job.Release.Candidate
	if w, err := balancer.Router.Weights(ctx); err == nil && w.Of(live) != 100 {
		return outputs{}, release.Refuse("shift the traffic first, or leave the slots as they are after a rollback", "%s has %v of the traffic: want 100%%", live, w.Of(live))
	}
	if job.DryRun {
		job.Page.Verdict(summary.Skip, "finalize: dry run; %s would become the default, %s would idle, %s", live, live.Other(), in.Mode)
		return outputs{Idle: live.Other()}, nil
	}
	if err := traffic.Idle(ctx, balancer, job.Release.ID, live, job.Findings); err != nil {
		return outputs{}, err
	}
	if err := traffic.DropClaim(ctx, balancer.Ledger, live, job.Release.ID); err != nil {
		return outputs{}, fmt.Errorf("give up the claim on %s: %w", live, err)
	}
	if err := idle(ctx, job, balancer, in.Mode); err != nil {
		return outputs{Idle: live.Other()}, err
	}
	filled, err := sweep(ctx, job)
	return outputs{Idle: live.Other(), Filled: filled}, err
}

// idle quiets the slot that was live before. A first release has none.
func idle(ctx context.Context, job *action.Job, b traffic.Balancer, mode slot.Mode) error {
	live, old := job.Release.Candidate, job.Release.Candidate.Other()
	if job.Release.First {
		job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is free", job.Release.Version, live, old)
		return nil
	}
	page, err := b.Ledger.Read(ctx)
	switch {
	case err != nil:
		return release.CannotTell("repair the ledger, and run finalize again", "idle %s: read the ledger: %w", old, err)
	case page.Good == nil || page.Good.Slot != old: // whoever claims the good slot closes the way back to it
		why := whose(page.Claims[old])
		job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is left alone, since %s", job.Release.Version, live, old, why)
		job.Findings.Miss("1.3.s6", "the old slot is left alone: %s", why)
		return nil
	}
	env, err := connect.Slot(ctx, job, old)
	if err != nil {
		return err
	}
	if mode == slot.Stop {
		return stop(ctx, job, b, env)
	}
	if page.Good.Asleep {
		if err := rouse(ctx, b, env); err != nil {
			return err
		}
	}
	quieted, err := env.Idle(ctx, slot.Warm)
	if err != nil {
		return fmt.Errorf("idle %s: %w", old, err)
	}
	job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is idle, warm", job.Release.Version, live, old)
	said(job, old, quieted)
	err = env.Healthy(ctx)
	job.Findings.Show("1.3.s6", err == nil, "%s: %s", old, healthWords(err))
	job.Findings.Show("D.1.s2", err == nil, "%s keeps its HTTP at full scale, its workers are quiet: %s", old, healthWords(err))
	if n := quieted.Stopped + quieted.Killed; n > 0 {
		job.Findings.Show("D.1.v3", true, "%d workers of %s less", n, old)
	}
	return err
}

// whose says who has a slot that is not the way back any more.
func whose(claim traffic.Claim) string {
	switch {
	case claim.Retires != nil:
		return "what was in it is being removed"
	case claim.Release != "":
		return fmt.Sprintf("release %s has claimed it", claim.Release)
	}
	return "it is not the way back any more"
}

func said(job *action.Job, old release.Slot, q slot.Quieted) {
	job.Page.Say("%d workers of %s finished their job and stopped; %d had to be killed.", q.Stopped, old, q.Killed)
}
