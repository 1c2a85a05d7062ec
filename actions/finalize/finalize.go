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
	Summary:  "Makes the new slot the default and idles the old one, warm or stopped; or checks that the good slot could still take over.",
	Settings: []string{"router", "slots"},
	Quiet:    []string{"shift"},
}, run)

type inputs struct {
	Stage Stage     `input:"stage" default:"idle" help:"idle ends the release; check only looks whether the good slot could take all the traffic now."`
	Mode  slot.Mode `input:"mode" default:"warm" help:"What the old slot keeps running: warm (HTTP at full scale, workers quiet) or stop (nothing; the way back then takes a start)."`
}

type outputs struct {
	Idle release.Slot `output:"idle" help:"The slot that is idle now."`
}

// Stage is what finalize does.
type Stage string

// The stages.
const (
	Idle  Stage = "idle"
	Check Stage = "check"
)

// UnmarshalText accepts "idle" and "check".
func (s *Stage) UnmarshalText(text []byte) error {
	if *s = Stage(text); *s != Idle && *s != Check {
		return fmt.Errorf("stage %q: want idle or check", text)
	}
	return nil
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	balancer, settler, err := connect.Balancer(job)
	if err != nil {
		return outputs{}, err
	}
	if in.Stage == Check {
		return outputs{}, check(ctx, job, balancer)
	}
	if err := connect.NeedRelease(job, "preflight", "shift"); err != nil {
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
	if err := traffic.Idle(ctx, balancer, settler, job.Release.ID, live, job.Findings); err != nil {
		return outputs{}, err
	}
	if err := traffic.DropClaim(ctx, balancer.Ledger, live, job.Release.ID); err != nil {
		return outputs{}, fmt.Errorf("give up the claim on %s: %w", live, err)
	}
	return outputs{Idle: live.Other()}, idle(ctx, job, balancer, in.Mode)
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
		job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is left alone, since another release has claimed it", job.Release.Version, live, old)
		job.Findings.Miss("1.3.s6", "another release has claimed the old slot")
		return nil
	}
	env, err := connect.Slot(ctx, job, old)
	if err != nil {
		return err
	}
	quieted, err := env.Idle(ctx, mode)
	if err != nil {
		return fmt.Errorf("idle %s: %w", old, err)
	}
	job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is idle, %s", job.Release.Version, live, old, mode)
	job.Page.Say("%d workers of %s finished their job and stopped; %d had to be killed.", quieted.Stopped, old, quieted.Killed)
	return keep(ctx, job, env, mode)
}

// keep shows that the way back is open.
func keep(ctx context.Context, job *action.Job, env *slot.Environment, mode slot.Mode) error {
	if mode == slot.Stop {
		job.Findings.Miss("1.3.s6", "the old slot was stopped by choice: the way back takes a start of its containers")
		return nil
	}
	err := env.Healthy(ctx)
	job.Findings.Show("1.3.s6", err == nil, "%s: %s", env.Slot(), healthWords(err))
	return err
}
