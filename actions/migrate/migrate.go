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
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "migrate",
	Summary:  "Takes and verifies a backup, then applies the pending migrations under a short lock timeout.",
	Settings: []string{"database"},
	Quiet:    []string{"router", "shift"},
}, run)

type inputs struct {
	TakeOver bool `input:"take-over" default:"false" help:"Take the candidate slot over from another release that has claimed it and not finished."`
}

type outputs struct {
	Version int `output:"version" help:"Version of the schema at the end."`
	Applied int `output:"applied" help:"How many files were applied."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	if err := connect.NeedRelease(job, "preflight"); err != nil {
		return outputs{}, err
	}
	settings := job.Config.Database
	settings.Folder, settings.Backup.Directory = job.Path(settings.Folder), job.Path(settings.Backup.Directory)
	systems, err := connect.Database(settings, func(e migration.Event) { job.Log.Info(e.String()) })
	if err != nil {
		return outputs{}, err
	}
	if job.DryRun {
		return outputs{}, plan(ctx, job, settings, systems)
	}
	if err := claim(ctx, job, in.TakeOver); err != nil {
		return outputs{}, err
	}
	r, err := migration.Run(ctx, settings, systems, job.Release.ID, job.Findings)
	report(job, r, err)
	if err == nil {
		add(job, r)
	}
	return outputs{Version: int(r.Schema.After), Applied: len(r.Files)}, err
}

// claim writes down that the candidate slot is this release's, where there is a
// load balancer to write it beside.
func claim(ctx context.Context, job *action.Job, takeOver bool) error {
	if job.Config.Router.Nginx.State == "" {
		return nil
	}
	balancer, _, err := connect.Balancer(job)
	if err != nil {
		return err
	}
	return traffic.TakeClaim(ctx, balancer.Ledger, job.Release.Candidate, job.Release.ID, takeOver)
}

func plan(ctx context.Context, job *action.Job, s migration.Settings, on migration.Systems) error {
	if s.URL == "" {
		job.Page.Verdict(summary.Skip, "migrate: dry run; no database in this application")
		return nil
	}
	p, err := migration.Look(ctx, s, on.Database)
	if err != nil {
		return err
	}
	job.Page.Verdict(summary.Skip, "migrate: dry run; version %v, %d files to apply", p.State.Version, len(p.Files))
	var rows [][]string
	for _, f := range p.Files {
		rows = append(rows, []string{fmt.Sprint(f.Version), f.Up.Name})
	}
	job.Page.Table([]string{"version", "file"}, rows)
	return nil
}

func add(job *action.Job, r migration.Report) {
	job.Add.Schema = &r.Schema
	if b := r.Backup; b != nil {
		job.Add.Backup = b.Handle()
	}
}

func report(job *action.Job, r migration.Report, err error) {
	switch {
	case err != nil:
		job.Page.Verdict(summary.Bad, "migrate: stopped at version %v", r.Version)
	case r.Nothing != "":
		job.Page.Verdict(summary.Good, "migrate: nothing to apply: %s", r.Nothing)
	default:
		job.Page.Verdict(summary.Good, "migrate: %d files applied, version %d → %d", len(r.Files), r.Schema.Before, r.Schema.After)
	}
	backup(job, r)
	var rows [][]string
	for _, f := range r.Files {
		rows = append(rows, []string{f.File, fmt.Sprint(f.Tries), fmt.Sprint(f.Locks), f.Took.Round(time.Millisecond).String(), f.WayBack})
	}
	job.Page.Table([]string{"file", "tries", "locks met", "took", "way back"}, rows)
	for _, note := range r.Notes {
		job.Page.Say("%s", note)
	}
}

func backup(job *action.Job, r migration.Report) {
	switch b := r.Backup; {
	case b == nil && r.NoBackup != "":
		job.Page.Say("No backup was taken: %s", r.NoBackup)
	case b != nil:
		job.Page.Table([]string{"backup", "size", "proven", "sha256"}, [][]string{{b.Name, release.Size(b.Bytes).String(), string(b.Level), b.SHA256}})
	}
}
