// Package record is the action that gathers the evidence of all jobs and the
// approvals of the run into the filled-in release checklist.
package record

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "record",
	Summary:  "Gathers the evidence of all jobs and the sign-offs into the filled-in release checklist, as Markdown and JSON.",
	Settings: []string{"sign-off"},
}, run)

type inputs struct {
	Environment string            `input:"environment" help:"The environment that was released to; sign-offs are read only when it is given."`
	Evidence    release.Evidences `input:"evidence" help:"The evidence outputs of all jobs, one after the other."`
}

type outputs struct {
	Status   string `output:"status" help:"APPROVED or REJECTED, as the sign-off form has it."`
	Passed   int    `output:"passed" help:"How many items of the plan passed or were signed off."`
	Failed   int    `output:"failed" help:"How many items failed."`
	NotShown int    `output:"not-shown" help:"How many items nobody has shown."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if job.Release.ID == "" && len(in.Evidence) == 0 {
		return outputs{}, release.Reject("pass the release and evidence outputs of the jobs", "there is nothing to record: release and evidence are empty")
	}
	form := checklist.Form{Release: job.Release, DeployedBy: job.Runner.Trigger, RunURL: job.Runner.URL()}
	var findings release.Findings
	findings.Merge(in.Evidence)
	form.Approvals, form.ApprovalsRead = approvals(ctx, job, in.Environment, &findings)
	form.Issues, form.Rollbacks = troubles(in.Evidence, job.Release)
	document, err := checklist.New(findings.List(), form)
	if err != nil {
		return outputs{}, err
	}
	if err := write(job, document); err != nil {
		return outputs{}, err
	}
	count := document.Checklist.Count()
	return outputs{
		Status: document.Overall.String(),
		Passed: count[release.Passed] + count[release.SignedOff], Failed: count[release.Failed], NotShown: count[release.NotShown],
	}, nil
}

// approvals reads the sign-offs once more, since the jobs of a matrix overwrite
// each other's outputs. What cannot be read stays not shown.
func approvals(ctx context.Context, job *action.Job, environment string, findings *release.Findings) ([]checklist.Approval, bool) {
	if environment == "" || job.Runner.RunID == 0 || len(job.Release.Images) == 0 {
		return nil, false
	}
	source, err := connect.GitHub(job)
	if err != nil {
		job.Log.Warn("sign-offs were not read", "error", err)
		return nil, false
	}
	var all []checklist.Approval
	for _, role := range job.Config.SignOff.All() {
		got, err := job.Config.SignOff.Confirm(ctx, source, signoff.Request{
			Target: environment, Role: role.Name, Run: job.Runner.RunID, Release: job.Release,
		}, findings)
		if err != nil {
			job.Log.Info("no sign-off", "role", role.Name, "reason", err)
			continue
		}
		all = append(all, checklist.Approval{Role: role.Name, By: got.By, Approved: true, Comment: got.Comment, At: time.Now().UTC()})
	}
	return all, true
}

// troubles lists what failed, and counts the ways back of this run.
func troubles(evidence release.Evidences, r release.Record) ([]string, *int) {
	issues, back := []string{}, 0
	for _, e := range evidence {
		if e.Status == release.Failed {
			issues = append(issues, fmt.Sprintf("%s: %s", e.ID, e.Observed))
		}
	}
	if r.Shifted != nil && r.Shifted.RolledBack {
		back = 1
		issues = append(issues, "rolled back: "+r.Shifted.Reason)
	}
	return issues, &back
}

func write(job *action.Job, d checklist.Document) error {
	text, err := d.JSON()
	if err != nil {
		return err
	}
	if err := job.ReportText("checklist.json", string(text)); err != nil {
		return err
	}
	markdown := d.Markdown()
	if err := job.ReportText("checklist.md", markdown); err != nil {
		return err
	}
	count := d.Checklist.Count()
	mark := summary.Good
	if !d.Overall.Approved {
		mark = summary.Warn
	}
	job.Page.Verdict(mark, "record of %s: %d items shown, %d failed, %d not shown",
		job.Release.Version, count[release.Passed]+count[release.SignedOff], count[release.Failed], count[release.NotShown])
	job.Page.Raw(markdown)
	return nil
}
