package migrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

func plan(ctx context.Context, job *action.Job, s migration.Settings, on migration.Systems, takeOver bool) error {
	if connect.Balanced(job) { // what claim would refuse
		if err := connect.Unclaimed(ctx, job, takeOver); err != nil {
			return err
		}
	}
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
	c, err := on.Contract.Contract(ctx, s, p)
	if err != nil {
		return err
	}
	contract(job, "would run", c.Files, c.Held, c.Proof)
	for _, note := range slices.Concat(p.Notes, c.Notes) {
		job.Page.Say("%s", note)
	}
	if p.Dirty != "" {
		job.Page.Say("%s", p.Dirty)
	}
	for _, f := range p.Fills {
		job.Page.Say("To be filled in batches: %v", f)
	}
	if p.Left, err = migration.Recount(ctx, on.Database, p); err != nil {
		return err
	}
	for _, f := range p.Again() {
		job.Page.Say("To be filled again, since rows have come in the old form: %v", f)
	}
	if err := on.Review(ctx, p, c); err != nil {
		return err
	}
	return rehearse(ctx, job, s, on, p, c)
}
