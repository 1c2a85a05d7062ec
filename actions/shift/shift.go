// Package shift is the action that moves the traffic to the candidate in steps,
// under gates, and takes it back by itself when they say so.
package shift

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "shift",
	Summary:  "Moves the traffic to the candidate in steps, each watched by the gates; takes it back within milliseconds when one says so.",
	Settings: []string{"router", "shift", "prometheus", "gates", "slots", "queue"},
	Quiet:    []string{"images", "registry", "database"},
}, run)

type inputs struct {
	First bool `input:"first-release" default:"false" help:"There is no live version yet, so there is no way back: go to 100 % at once."`
}

type outputs struct {
	Outcome      traffic.Outcome `output:"outcome" help:"shifted, unchanged, refused, rolled back, held, stopped or stranded."`
	Weight       int             `output:"weight" help:"The candidate's share of the traffic at the end, in percent."`
	RollbackTook int             `output:"rollback-ms" help:"Milliseconds from the decision to roll back to the effect; 0 when there was none."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, "preflight", "build", "deploy-green", "smoke"); err != nil {
		return outputs{}, err
	}
	if in.First && job.Release.Good != "" {
		return outputs{}, release.Reject("remove first-release from the workflow", "the record names %s as the way back, so this is not the first release", job.Release.Good)
	}
	shift, err := assemble(ctx, job, in.First || job.Release.First)
	if err != nil {
		return outputs{Outcome: traffic.RefusedTo}, err
	}
	if job.DryRun {
		return outputs{}, plan(ctx, job, shift)
	}
	log, err := shift.Run(ctx)
	job.Add.Shifted = log.Record()
	report(job, log, err)
	if writeErr := job.Report("shift.json", log); writeErr != nil {
		job.Log.Warn("could not write the report", "error", writeErr)
	}
	return outputs{Outcome: log.Outcome, Weight: int(log.Weight), RollbackTook: back(log)}, err
}

func assemble(ctx context.Context, job *action.Job, first bool) (traffic.Shift, error) {
	balancer, _, err := connect.Balancer(job)
	if err != nil {
		return traffic.Shift{}, err
	}
	leases, err := connect.Leases(job)
	if err != nil {
		return traffic.Shift{}, err
	}
	watch, err := connect.Gates(job)
	if err != nil {
		return traffic.Shift{}, err
	}
	candidate, err := connect.Slot(ctx, job, job.Release.Candidate)
	if err != nil {
		return traffic.Shift{}, err
	}
	shift := traffic.Shift{
		Owner:     connect.Owner(job),
		Candidate: job.Release.Candidate,
		Settings:  job.Config.Shift,
		Balancer:  balancer, Leases: leases, Gates: watch,
		Slot:     connect.Candidate{Job: job, Environment: candidate},
		Progress: func(e traffic.Event) { job.Log.Info(e.Text) },
		Found:    job.Findings,
	}
	if first {
		shift.Settings.Steps = []traffic.Step{{Weight: 100, Bake: last(shift.Settings.Steps)}}
		return shift, nil
	}
	shift.Good, err = connect.Good(ctx, job)
	return shift, err
}

// last is the bake of the last step: a first release is watched as long.
func last(steps []traffic.Step) time.Duration {
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].Bake
}

func plan(ctx context.Context, job *action.Job, s traffic.Shift) error {
	weights, err := s.Balancer.Router.Weights(ctx)
	if err != nil {
		return release.CannotTell("make the load balancer answer", "read the weights: %w", err)
	}
	job.Page.Verdict("⏭️", "shift: dry run; the traffic is %v", weights)
	var rows [][]string
	for i, step := range s.Settings.Steps {
		rows = append(rows, []string{fmt.Sprint(i + 1), fmt.Sprintf("%s %v", s.Candidate, step.Weight), step.Bake.String()})
	}
	job.Page.Table([]string{"step", "would set", "and watch for"}, rows)
	return s.Slot.Check(ctx)
}
