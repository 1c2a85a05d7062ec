package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// backfill carries the backfills that have not come to their end to it. What another
// tool has applied may be contracted already: then there is nothing to fill.
func (r *run) backfill(ctx context.Context, state State) error {
	for _, fill := range state.Unfilled(r.files) {
		err := r.fill(ctx, fill, false)
		if errors.Is(err, ErrGone) && state.Adopted(fill.Version) {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("backfill %v counts as done: another tool has applied its file, and %v", fill, ErrGone))
			err = r.session.Swept(ctx, []Fill{fill})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill carries one backfill to the end of its table; again from the start of it.
func (r *run) fill(ctx context.Context, fill Fill, again bool) error {
	on, err := r.session.Fill(ctx, fill, again, r.tell)
	if err != nil {
		return fmt.Errorf("backfill %v: %w", fill, err)
	}
	defer on.Close()
	f := filler{on: on, fill: fill, settings: r.settings, paused: r.on.Paused, tell: r.on.Progress, done: FillResult{Again: again}}
	if err = f.run(ctx); errors.Is(err, ErrGone) {
		return err
	}
	r.report.Fills = append(r.report.Fills, f.done)
	return err
}

// Sweep changes what the version before has written behind the backfills, once it is
// idle, and counts again. It goes only through tables of which rows are left. Run
// again, it finds nothing to do. What a rollback could still bring rows to stays open
// for the releases that follow.
func Sweep(ctx context.Context, s Settings, on Systems, id release.ID, seen *release.Findings) (Report, error) {
	if s.URL == "" {
		seen.Miss("3.1.3b", "no database in this application")
		return Report{}, nil
	}
	if on.Progress == nil {
		on.Progress = func(Event) {}
	}
	r := &run{settings: s, on: on, id: id, report: Report{Folder: s.Folder}}
	began := time.Now()
	left, before, err := r.sweep(ctx)
	r.report.Took = time.Since(began)
	r.swept(seen, left, before, err)
	return r.report, err
}

// sweep takes its turn only when there is something to do, and says how many
// backfills were swept before. A database in which no release has filled anything
// needs no folder of migrations.
func (r *run) sweep(ctx context.Context) (left []Rest, before int, err error) {
	state, err := r.on.Database.State(ctx)
	if err != nil || len(state.Filled) == 0 {
		return nil, 0, err
	}
	if r.files, err = Read(r.settings.Folder); err != nil {
		return nil, 0, err
	}
	open := state.Unswept(r.files)
	before = len(state.Fills(r.files)) - len(open)
	if left, err = r.on.Database.Rest(ctx, open); err != nil || len(left) == 0 {
		return left, before, err
	}
	state, err = r.turn(ctx)
	if r.session != nil {
		defer r.session.Close()
	}
	switch {
	case err != nil:
		return left, before, err
	case state.Dirty:
		return left, before, state.stuck(r.files, r.settings.Table)
	}
	left, err = r.out(ctx, state, left)
	return left, before, err
}

// out goes through the tables of which rows are left, and writes down that nothing is.
func (r *run) out(ctx context.Context, state State, left []Rest) ([]Rest, error) {
	for _, one := range left {
		if one.Rows > 0 {
			if err := r.fill(ctx, one.Fill, true); err != nil {
				return left, err
			}
		}
	}
	open := state.Unswept(r.files)
	left, err := r.on.Database.Rest(ctx, open)
	if err != nil {
		return left, err
	}
	if sum(left) > 0 {
		return left, release.Refuse("find out who still writes rows in the old form, and run the job again",
			"sweep backfills: rows are left behind: %s", words(left))
	}
	return left, r.session.Swept(ctx, r.closed(ctx, state, open))
}

// closed are those of the backfills to which no release can add rows any more: each
// that serves, or that a rollback would go back to, was migrated with the file in hand.
// A note says of the others who can.
func (r *run) closed(ctx context.Context, state State, fills []Fill) []Fill {
	serving, unknown := r.on.Contract.serving(ctx)
	return slices.DeleteFunc(slices.Clone(fills), func(f Fill) bool {
		m, _ := r.files.Of(f.Version)
		why := unknown
		if why == "" {
			why = state.lacks(m, serving)
		}
		if why != "" {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("backfill %v stays open, and the next release counts it again: %s", f, why))
		}
		return why != ""
	})
}

// swept is the evidence of a sweep.
func (r *run) swept(seen *release.Findings, left []Rest, before int, err error) {
	var changed int64
	for _, f := range r.report.Fills {
		changed += f.Changed
	}
	switch {
	case err != nil && sum(left) == 0:
		seen.Miss("3.1.3b", "the rows that are left could not be counted")
	case len(left) == 0 && before > 0:
		for _, id := range []string{"3.1.1b", "3.1.3b"} {
			seen.Show(id, true, "backfills: %d; all were swept before, when their old slot was idle, and had no row left", before)
		}
	case len(left) == 0:
		seen.Miss("3.1.3b", "no release has filled rows in this database")
	default:
		for _, id := range []string{"3.1.1b", "3.1.3b"} {
			seen.Show(id, err == nil, "backfills: %d; swept before: %d; rows changed once the old slot was idle: %d; %s", before+len(left), before, changed, words(left))
		}
	}
}

func sum(list []Rest) (rows int64) {
	for _, one := range list {
		rows += one.Rows
	}
	return rows
}

// words says what is left of each backfill.
func words(list []Rest) string {
	var texts []string
	for _, one := range list {
		text := fmt.Sprintf("%v: %d rows left", one.Fill, one.Rows)
		if one.Gone != "" {
			text = fmt.Sprintf("%v: %s", one.Fill, one.Gone)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
