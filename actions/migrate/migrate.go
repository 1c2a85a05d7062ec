// Package migrate is the action that backs the database up and brings it to the
// version of the release, while the live version goes on using it.
package migrate

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "migrate",
	Summary:  "Reviews the pending migrations, takes and verifies a backup, rehearses them on a scratch database, then applies them under a short lock timeout.",
	Settings: []string{"database"},
	Quiet:    []string{"router", "routers", "shift", "slots", "smoke", "prometheus", "scrape", "gates"},
	Needed:   []string{"database", "router", "routers", "shift"}, // the rest says who is live, without which more waits, and what holds a backfill
	After:    []string{"preflight"},
}, run)

type inputs struct {
	TakeOver bool `input:"take-over" default:"false" help:"Take the candidate slot over from another release that has claimed it and not finished."`
}

type outputs struct {
	Version    int   `output:"version" help:"Version of the schema at the end."`
	Applied    int   `output:"applied" help:"How many files were applied."`
	Filled     int64 `output:"filled" help:"How many rows the backfills have changed."`
	Batches    int   `output:"batches" help:"In how many transactions they did."`
	Left       int64 `output:"left" help:"How many rows they have left, written by the live version meanwhile; finalize changes them."`
	Contracted int   `output:"contracted" help:"How many contract migrations were applied."`
	Held       int   `output:"held" help:"How many contract migrations wait for a later release."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, job.After...); err != nil {
		return outputs{}, err
	}
	settings, systems, err := connect.Migrations(job, func(e migration.Event) { job.Log.Info(e.String()) })
	if err != nil {
		return outputs{}, err
	}
	if systems.Stage, err = connect.Stage(job, settings); err != nil {
		return outputs{}, err
	}
	if systems.Paused, err = connect.Pause(job); err != nil {
		return outputs{}, err
	}
	judge := &reviewer{job: job, settings: settings, waits: systems.Stage != nil}
	systems.Review, systems.Breaks, systems.Weigh = judge.review, judge.breaks, judge.weigh
	defer judge.report()
	if job.DryRun {
		return outputs{}, plan(ctx, job, settings, systems, in.TakeOver)
	}
	if err := claim(ctx, job, in.TakeOver); err != nil {
		return outputs{}, err
	}
	live := ask(ctx, job, &systems)
	r, err := migration.Run(ctx, settings, systems, job.Release.ID, job.Findings)
	report(job, r, err)
	if err == nil {
		add(job, r)
		err = live(r)
	}
	return outputsOf(r), err
}

func outputsOf(r migration.Report) outputs {
	out := outputs{Version: int(r.Schema.After), Applied: len(r.Files), Contracted: len(r.Contract.Files), Held: len(r.Contract.Held)}
	for _, f := range r.Fills {
		out.Filled, out.Batches, out.Left = out.Filled+f.Changed, out.Batches+f.Batches, out.Left+f.Remainder
	}
	return out
}

// claim writes down that the candidate slot is this release's, where there is a
// load balancer to write it beside.
func claim(ctx context.Context, job *action.Job, takeOver bool) error {
	if !connect.Balanced(job) {
		return nil
	}
	balancer, err := connect.Balancer(job)
	if err != nil {
		return err
	}
	return connect.Claim(ctx, job, balancer, takeOver)
}

func add(job *action.Job, r migration.Report) {
	job.Add.Schema = &r.Schema
	switch {
	case r.Backup != nil:
		job.Add.Backup = r.Backup.Handle()
	case r.External != nil:
		job.Add.Backup = r.External.Handle()
	default: // an earlier attempt's, which this one had no need to repeat
		job.Add.Backup = job.Release.Backup
	}
}

func report(job *action.Job, r migration.Report, err error) {
	switch {
	case err != nil && r.Server == "":
		job.Page.Verdict(summary.Bad, "migrate: stopped before the database was asked")
	case err != nil:
		job.Page.Verdict(summary.Bad, "migrate: stopped at version %v", r.Version)
	case r.Nothing != "" && len(r.Contract.Files) > 0:
		job.Page.Verdict(summary.Good, "migrate: %d contract files applied; beside them %s", len(r.Contract.Files), r.Nothing)
	case r.Nothing != "":
		job.Page.Verdict(summary.Good, "migrate: %s%s", r.Nothing, filled(r))
	default:
		job.Page.Verdict(summary.Good, "migrate: %d files applied, version %d → %d", len(r.Files), r.Schema.Before, r.Schema.After)
	}
	backup(job.Page, r)
	rehearsed(job, r.Rehearsal, r.Unplayed)
	var rows [][]string
	for _, f := range r.Files {
		rows = append(rows, []string{f.File, fmt.Sprint(f.Tries), fmt.Sprint(f.Locks), f.Took.Round(time.Millisecond).String(), f.WayBack})
	}
	job.Page.Table([]string{"file", "tries", "locks met", "took", "way back"}, rows)
	fills(job, r)
	for _, one := range r.Terminated {
		job.Page.Say("Terminated, as database.terminate-idle-blockers has it: %s", one)
	}
	contracted(job, r.Contract)
	for _, note := range r.Notes {
		job.Page.Say("%s", note)
	}
}
