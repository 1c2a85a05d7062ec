// Package shift is the action that moves the traffic to the candidate in steps,
// under gates, and takes it back by itself when they say so.
package shift

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "shift",
	Summary:  "Moves the traffic to the candidate in steps, each watched by the gates; takes it back within milliseconds when one says so.",
	Rights:   []string{"actions: read", "deployments: write"},
	Settings: []string{"router", "routers", "shift", "prometheus", "scrape", "gates", "slots", "queue", "smoke"},
	Quiet:    []string{"images", "registry", "database", "notify", "sign-off"},
	After:    []string{"preflight", "build", "deploy-green", "smoke"},
}, run)

type inputs struct {
	Environment string `input:"environment" help:"The environment that is released to, such as production; needed when a step has an approval. GitHub shows there how far the shift is."`

	First bool `input:"first-release" default:"false" help:"There is no live version yet, so there is no way back: go to 100 % at once."`
}

type outputs struct {
	Outcome      traffic.Outcome `output:"outcome" help:"shifted, unchanged, refused, rolled back, held, stopped or stranded."`
	Weight       int             `output:"weight" help:"The candidate's share of the traffic at the end, in percent."`
	RollbackTook int             `output:"rollback-ms" help:"Milliseconds from the decision to roll back to the effect; 0 when there was none."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, job.After...); err != nil {
		return outputs{}, err
	}
	if in.First && job.Release.Good != "" {
		return outputs{}, release.Reject("leave first-release out", "the record names %s as the way back, so this is not the first release", job.Release.Good)
	}
	shift, err := assemble(ctx, job, in.First || job.Release.First, in.Environment)
	if err != nil {
		if roles := waiting(job.Config.Shift.Steps, 0); len(roles) > 0 && in.Environment != "" && !job.DryRun {
			job.Log.Warn(reject(in.Environment, roles))
		}
		return outputs{Outcome: traffic.RefusedTo}, err
	}
	if job.DryRun {
		return outputs{}, plan(ctx, job, shift.Shift)
	}
	connect.MissRelease(job, "whether the schema is still the one that smoke passed with is not compared", "migrate")
	board := connect.Announce(ctx, job, in.Environment)
	shift.Progress = both(shift.Progress, board.Show)
	log, err := shift.Run(ctx)
	_ = connect.Overtaken(job, err)
	job.Add.Shifted = log.Record()
	shift.report(job, log)
	if writeErr := job.Report("shift.json", log); writeErr != nil {
		job.Log.Warn("could not write the report", "error", writeErr)
	}
	connect.TellEnd(ctx, job, log)
	board.End(ctx, log)
	return outputs{Outcome: log.Outcome, Weight: int(log.Weight), RollbackTook: back(log)}, err
}

func plan(ctx context.Context, job *action.Job, s traffic.Shift) error {
	weights, err := s.Balancer.Router.Weights(ctx)
	if err != nil {
		return release.CannotTell("make the load balancer answer", "read the weights: %w", err)
	}
	job.Page.Verdict("⏭️", "shift: dry run; the traffic is %v", weights)
	var rows [][]string
	for i, step := range s.Settings.Steps {
		rows = append(rows, []string{fmt.Sprint(i + 1), fmt.Sprintf("%s %v", s.Candidate, step.Weight), step.Bake.String(), step.Approval, tick(step.Hold)})
	}
	job.Page.Table([]string{"step", "would set", "and watch for", "after the approval of", "and hold"}, rows)
	return s.Slot.Check(ctx)
}
