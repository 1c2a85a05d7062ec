// Package signoff is the action that runs in a protected environment after the
// wait, and makes sure that somebody really was asked.
package signoff

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "signoff",
	Summary:  "Reads back who approved in the protected environment, and refuses where nobody was asked or the images have changed.",
	Rights:   []string{"actions: read", "deployments: write"},
	Settings: []string{"sign-off"},
	After:    []string{"preflight", "build"},
}, run)

type inputs struct {
	Environment string `input:"environment" required:"true" help:"The environment that is released to, such as production; the role's is named after it, such as production-qa."`
	Role        string `input:"role" required:"true" help:"Who signs off, such as qa."`
}

type outputs struct {
	Approver string `output:"approver" help:"Who approved."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, job.After...); err != nil {
		return outputs{}, err
	}
	source, err := connect.GitHub(job)
	if err != nil {
		return outputs{}, err
	}
	if job.DryRun {
		role, err := job.Config.SignOff.Role(in.Role)
		job.Page.Verdict(summary.Skip, "signoff: dry run; %s would have to approve in the environment %s", role.Title, role.Environment(in.Environment))
		return outputs{}, err
	}
	approval, err := job.Config.SignOff.Confirm(ctx, source, signoff.Request{
		Target: in.Environment, Role: in.Role, Run: job.Runner.RunID, Release: job.Release,
	}, job.Findings)
	if err := errors.Join(err, approval.Bind(ctx, source)); err != nil {
		return outputs{}, err
	}
	report(job, approval)
	return outputs{Approver: approval.By}, nil
}

func report(job *action.Job, approval signoff.Approval) {
	job.Page.Verdict(summary.Good, "signoff: %s approved %s as %s", approval.By, job.Release.Version, approval.Role.Title)
	rows := [][]string{
		{"version", string(job.Release.Version)},
		{"images", approval.Code},
		{"valid for", fmt.Sprintf("run %d, in every attempt, as long as the images are these", job.Runner.RunID)},
		{"comment", approval.Comment},
		{"what there was to look at", strings.Join(approval.Role.Before.Look(false), "; ")}, // of a preview, preflight knows
	}
	if approval.Bypass != "" {
		rows = append(rows, []string{"bypass", approval.By + ", " + approval.Bypass + "; sign-off.allow-bypass lets it count"})
		job.Log.Warn("the approval may be an administrator's bypass", "environment", approval.Environment, "by", approval.By)
	}
	job.Page.Table([]string{"what", "is"}, rows)
	connect.Sights(job)
}
