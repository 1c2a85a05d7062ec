package finalize

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// sweep changes the rows that the old version has written behind the backfills, now
// that it writes no more, and returns how many there were.
func sweep(ctx context.Context, job *action.Job) (rows int64, err error) {
	if wrong := job.Passed.In("database"); len(wrong) > 0 {
		return 0, release.Reject("correct it and run finalize again; the rest of it is done", "sweep backfills: %w", wrong)
	}
	settings, systems, err := connect.Migrations(job, func(e migration.Event) { job.Log.Info(e.String()) })
	if err != nil {
		return 0, err
	}
	if systems.Paused, err = connect.Pause(job); err != nil {
		return 0, err
	}
	r, err := migration.Sweep(ctx, settings, systems, job.Release.ID, job.Findings)
	for _, f := range r.Fills {
		rows += f.Changed
		job.Page.Say("Backfill %v: %d rows changed that the old version had written behind it; %d left.", f, f.Changed, f.Remainder)
	}
	for _, note := range r.Notes {
		job.Page.Say("%s", note)
	}
	return rows, err
}
