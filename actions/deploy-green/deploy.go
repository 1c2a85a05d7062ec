// Package deploygreen is the action that brings the release to the idle slot,
// whichever colour that is. It keeps the name that the plan gave it.
package deploygreen

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "deploy-green",
	Summary:  "Pulls the release by digest, starts it on the idle slot, and waits until it is healthy. No traffic moves.",
	Rights:   []string{"packages: read"},
	Settings: []string{"slots", "images", "registry", "router", "routers"},
	After:    []string{"preflight", "build"},
}, run)

type inputs struct {
	TakeOver bool `input:"take-over" default:"false" help:"Take the slot over from another release that has claimed it and not finished."`
}

type outputs struct {
	Slot      release.Slot `output:"slot" help:"The slot that was deployed to, blue or green."`
	Unchanged bool         `output:"unchanged" help:"true when the slot ran exactly this release already."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, job.After...); err != nil {
		return outputs{}, err
	}
	balancer, err := connect.Balancer(job)
	if err != nil {
		return outputs{}, err
	}
	order, err := connect.Order(ctx, job, balancer, claim(balancer, job, in))
	if err != nil {
		return outputs{}, err
	}
	if job.DryRun {
		if err := connect.Unclaimed(ctx, job, in.TakeOver); err != nil {
			return outputs{}, err
		}
		return outputs{Slot: job.Release.Candidate}, plan(job, order)
	}
	if err := connect.Current(ctx, job, balancer); err != nil {
		return outputs{}, err // said of the whole release, not of its slot that has traffic
	}
	candidate, err := connect.Deployable(ctx, job, job.Release.Candidate)
	if err != nil {
		return outputs{}, err
	}
	deployed, err := candidate.Deploy(ctx, order, job.Findings)
	report(job, deployed, err)
	return outputs{Slot: job.Release.Candidate, Unchanged: deployed.Unchanged}, err
}

func claim(b traffic.Balancer, job *action.Job, in inputs) func(context.Context) error {
	return func(ctx context.Context) error {
		return traffic.TakeClaim(ctx, b.Ledger, job.Release.Candidate, job.Release.ID, in.TakeOver)
	}
}

func plan(job *action.Job, order slot.Order) error {
	job.Page.Verdict(summary.Skip, "deploy-green: dry run of %s on %s", order.Version, job.Release.Candidate)
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(order.Images)) {
		rows = append(rows, []string{name, order.Images[name].Reference()})
	}
	job.Page.Table([]string{"image", "would run"}, rows)
	return nil
}

func report(job *action.Job, d slot.Deployed, err error) {
	switch {
	case err != nil:
		job.Page.Verdict(summary.Bad, "deploy-green: %s is not healthy on %s; no traffic was moved", job.Release.Version, job.Release.Candidate)
	case d.Unchanged:
		job.Page.Verdict(summary.Good, "deploy-green: %s ran on %s already, healthy; nothing was changed", job.Release.Version, job.Release.Candidate)
	default:
		job.Page.Verdict(summary.Good, "deploy-green: %s is healthy on %s after %.1f s, without traffic", job.Release.Version, job.Release.Candidate, d.Took.Seconds())
	}
	var rows [][]string
	for _, c := range d.Containers {
		rows = append(rows, []string{c.String(), string(c.State), string(c.Health), fmt.Sprint(c.Restarts), c.Digest().Short()})
	}
	job.Page.Table([]string{"container", "state", "health", "restarts", "digest"}, rows)
	if d.Quiet > 0 {
		job.Page.Say("%d workers are created and quiet: they start with the first step of the shift.", d.Quiet)
	}
	reportLogs(job, d.LogErrors)
	if failure, ok := errors.AsType[*slot.Failure](err); ok && failure.Log != "" {
		job.Page.Details("Last lines of "+failure.Container, failure.Log)
	}
}

func reportLogs(job *action.Job, list []slot.LogError) {
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{e.Service, fmt.Sprint(e.Count), e.Line})
	}
	if len(rows) > 0 {
		job.Page.Section("Errors in the log that the live slot does not have")
	}
	job.Page.Table([]string{"service", "times", "line"}, rows)
}
