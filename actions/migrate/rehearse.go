package migrate

import (
	"context"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// weigh holds the review against what the rehearsal has seen.
func (r *reviewer) weigh(h *migration.Rehearsal) error {
	if r.result == nil {
		return nil
	}
	var all []review.Shown
	for _, f := range h.Files {
		all = append(all, f.Shown(connect.Shown(f.Path), h.Data))
	}
	for _, d := range r.result.Weigh(all) {
		for i := range h.Files {
			if connect.Shown(h.Files[i].Path) == d.Path {
				h.Files[i].Disagreements = append(h.Files[i].Disagreements, d.String())
			}
		}
	}
	r.result.Evidence(r.settings.Allow, r.job.Findings)
	return r.result.Refusal(r.settings.Allow)
}

// rehearse plays the pending files through in a dry run: on the last backup that
// this machine has, or on the schema as it is now.
func rehearse(ctx context.Context, job *action.Job, s migration.Settings, on migration.Systems, p migration.Pending, c migration.Contract) error {
	switch {
	case on.Stage == nil || len(p.Files)+len(c.Files) == 0:
		return nil
	case s.Rehearsal.Place() == migration.Production:
		rehearsed(job, nil, "not in a dry run, since it would make a database on the live server")
		return on.Weigh(&migration.Rehearsal{})
	}
	latest, err := migration.Latest(s, p, c)
	if err != nil {
		return err
	}
	h, err := migration.Rehearse(ctx, s, on, p, c, latest, job.Release.ID)
	if err == nil {
		err = on.Weigh(&h)
	}
	rehearsed(job, &h, "")
	return err
}

// rehearsed shows what the scratch database has shown, and keeps all of it in a file
// of the report.
func rehearsed(job *action.Job, h *migration.Rehearsal, why string) {
	if h == nil {
		if why != "" {
			job.Page.Say("Rehearsal: %s.", why)
		}
		return
	}
	if h.Where == "" {
		job.Page.Say("Rehearsal: it failed before a file was played through.")
		return
	}
	job.Page.Say("Rehearsal: %v.", *h)
	var rows [][]string
	for i, f := range h.Files {
		name := f.File
		if f.Contract {
			name += " (contract)"
		}
		rows = append(rows, []string{name, f.Up.String(), f.Up.Took.Round(time.Millisecond).String(), h.Proofs[i].String(), strings.Join(f.Disagreements, "; ")})
	}
	job.Page.Table([]string{"file", "seen on tables in use", "took", "way back", "other than the review had said"}, rows)
	for _, note := range h.Notes {
		job.Page.Say("%s", note)
	}
	if h.Tables > 0 {
		job.Page.Say("The backup was restored: %d tables have as many rows as its snapshot had.", h.Tables)
	}
	if job.DryRun {
		return
	}
	if err := job.Report("rehearsal.json", h); err != nil {
		job.Page.Verdict(summary.Warn, "migrate: the report of the rehearsal was not written: %v", err)
	}
}
