// Package smoke is the action that asks the candidate hard questions while it
// has no traffic.
package smoke

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "smoke",
	Summary:  "Asks the candidate, past the load balancer: status, body, JSON and latency of each check, and the queue's depth. Writes JUnit.",
	Settings: []string{"smoke", "slots", "queue"},
	Quiet:    []string{"images", "registry"},
	After:    []string{"preflight", "build"},
}, run)

type inputs struct {
	Slot release.Slot `input:"slot" help:"Slot to ask, blue or green; the candidate of the record when empty."`
}

type outputs struct {
	Checks int    `output:"checks" help:"How many checks were run."`
	Failed int    `output:"failed" help:"How many of them failed."`
	JUnit  string `output:"junit" help:"Path of the JUnit file, below the report folder."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	slot := in.Slot
	if slot == "" {
		if err := connect.NeedRelease(job, job.After...); err != nil {
			return outputs{}, err
		}
		slot = job.Release.Candidate
	}
	if job.DryRun {
		return outputs{}, plan(job, slot)
	}
	report, err := job.Config.Smoke.Run(ctx, job.Config.Slots.Of(slot).Services, job.Findings)
	if len(report.Results) == 0 {
		return outputs{}, err
	}
	depth, queueErr := connect.Depth(ctx, job)
	if err == nil {
		err = queueErr
	}
	write(job, slot, report, depth, err)
	if err == nil && slot == job.Release.Candidate {
		job.Add.Smoked = job.Release.Images
	}
	return outputs{Checks: len(report.Results), Failed: report.Failed(), JUnit: junit}, err
}

const junit = "smoke.xml"

func plan(job *action.Job, slot release.Slot) error {
	job.Page.Verdict(summary.Skip, "smoke: dry run; %d checks would ask %s", len(job.Config.Smoke.Checks), slot)
	var rows [][]string
	for _, c := range job.Config.Smoke.Checks {
		rows = append(rows, []string{c.Name, c.Method + " " + c.Path, c.Service})
	}
	job.Page.Table([]string{"check", "request", "service"}, rows)
	return nil
}

func write(job *action.Job, slot release.Slot, r smoke.Report, depth string, err error) {
	if err != nil {
		job.Page.Verdict(summary.Bad, "smoke: %d of %d checks failed on %s; no traffic was moved", r.Failed(), len(r.Results), slot)
	} else {
		job.Page.Verdict(summary.Good, "smoke: %d checks passed on %s in %.1f s", len(r.Results), slot, r.Took.Seconds())
	}
	var rows [][]string
	for _, one := range r.Results {
		mark, saw := string(summary.Good), ""
		if one.Err != nil {
			mark, saw = string(summary.Bad), one.Err.Error()
		}
		rows = append(rows, []string{mark, one.Check.Name, fmt.Sprint(one.Status), one.Latency.Round(100 * time.Microsecond).String(), saw})
	}
	job.Page.Table([]string{"", "check", "status", "latency", "what differed"}, rows)
	job.Page.Say("Queue: %s.", depth)
	text, encodeErr := r.JUnit()
	if encodeErr == nil {
		encodeErr = job.ReportText(junit, string(text))
	}
	if encodeErr != nil {
		job.Warn("bluegreen smoke", "the JUnit file was not written: "+encodeErr.Error())
	}
}
