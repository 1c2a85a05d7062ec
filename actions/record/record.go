// Package record is the action that gathers the evidence of all jobs and the
// approvals of the run into the filled-in release checklist.
package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/audit"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "record",
	Summary:  "Gathers the evidence of all jobs, the logs of the shifts and the sign-offs into the filled-in release checklist: a page for the archive, Markdown and JSON.",
	Rights:   []string{"actions: read", "deployments: write"},
	Settings: []string{"sign-off", "record"},
}, run)

type inputs struct {
	Environment string            `input:"environment" help:"The environment that was released to; sign-offs are read only when it is given."`
	Evidence    release.Evidences `input:"evidence" help:"The evidence outputs of all jobs, one after the other. A sign-off counts as GitHub has it now, not as it stands here."`
	Reports     string            `input:"reports" help:"Folder with the reports of the jobs before, as their artifacts unpack: each shift.json below it is read for the timeline and the figures. The folder of report when empty."`
	Attach      string            `input:"attach-to-release" help:"Tag of a GitHub release, published or a draft, that the page is attached to; none when empty. It takes contents: write, of the job or of record.releases-token."`
	Link        bool              `input:"link-deployment" default:"false" help:"Whether the newest deployment of the commit to the environment gets a link to the attached page, or to the run where none was attached. The job needs deployments: write."`
}

type outputs struct {
	Status   string `output:"status" help:"APPROVED, REJECTED, or OPEN where nothing failed and something is still to be shown or signed off."`
	Passed   int    `output:"passed" help:"How many items of the plan passed or were signed off."`
	Failed   int    `output:"failed" help:"How many items failed."`
	NotShown int    `output:"not-shown" help:"How many items that were due nobody has shown."`
	Page     string `output:"page" help:"Where the page was attached to the GitHub release; none when it was not."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if job.Release.ID == "" && len(in.Evidence) == 0 {
		return outputs{}, release.Reject("pass the release and evidence outputs of the jobs", "there is nothing to record: release and evidence are empty")
	}
	form := checklist.Form{Release: job.Release, DeployedBy: job.Runner.Trigger, RunURL: job.Runner.URL(), NotApplicable: job.Config.Record.Excused()}
	form.Unasked = len(job.Config.SignOff.All()) == 0
	var findings release.Findings
	findings.Merge(observed(in.Evidence))
	form.Approvals, form.ApprovalsRead = approvals(ctx, job, in.Environment, &findings)
	form.Issues, form.Rollbacks = troubles(in.Evidence, job.Release)
	follow(job, cmp.Or(job.Path(in.Reports), job.Reports()), &form)
	document := checklist.New(findings.List(), form)
	page, err := write(job, document)
	if err != nil {
		return outputs{}, err
	}
	if err := connect.Settle(ctx, job, in.Environment); err != nil {
		job.Log.Warn("GitHub may show the release as still in progress", "error", err, "remedy", release.HintOf(err))
	}
	count := document.Tally()
	out := outputs{Status: document.Overall.String(), Passed: count.Ticked(), Failed: count[checklist.Failed], NotShown: count[checklist.NotShown]}
	out.Page, err = publish(ctx, job, in, page)
	return out, err
}

// observed is the evidence without its sign-offs. A sign-off that was rejected since
// has run no step, so the output of an earlier attempt is still there.
func observed(all release.Evidences) []release.Evidence {
	return slices.DeleteFunc(slices.Clone(all), func(e release.Evidence) bool { return e.Status == release.SignedOff })
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
		}
		if got.By != "" { // of those that are none, a rejection has a name
			all = append(all, checklist.Approval{
				Role: role.Name, Before: string(role.Before), By: got.By, Approved: err == nil, Comment: got.Comment, At: got.At,
			})
		}
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
	if r.Superseded != "" {
		issues = append(issues, fmt.Sprintf("superseded by %s, which went on in its place", r.Superseded.Named()))
	}
	return issues, &back
}

// write leaves the record as a page, as Markdown and as JSON, and on the run. It
// returns the page.
func write(job *action.Job, d checklist.Document) (page string, err error) {
	text, err := d.JSON()
	if err != nil {
		return "", err
	}
	html, err := audit.HTML(d)
	if err != nil {
		return "", err
	}
	markdown := d.Markdown()
	if err := errors.Join(job.ReportText("checklist.json", string(text)), job.ReportText("checklist.md", markdown), job.ReportText("record.html", string(html))); err != nil {
		return "", err
	}
	count := d.Tally()
	mark := summary.Good
	if !d.Overall.Approved {
		mark = summary.Warn
	}
	job.Page.Verdict(mark, "record of %s: %s; of %d items that are due %d are shown, %d failed",
		job.Release.Version, d.Overall, count.Due(), count.Ticked(), count[checklist.Failed])
	job.Page.Raw(markdown, append([]string{d.Overall.String()}, d.Overall.Reasons()...)...)
	return job.Redact(string(html)), nil
}
