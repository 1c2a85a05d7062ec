package migration

import (
	"context"
	"fmt"
	"slices"
)

// The version that writes the old form comes back with a rollback, also behind the
// sweep of a release. So a backfill that has ended is counted again by every release,
// and the rows that have come since are changed, until no release that could serve
// writes them any more; and in any case before something contracts.

// Recount lists what is left of the backfills that have come to their end and are not
// swept. It changes nothing and waits for nobody.
func Recount(ctx context.Context, db Database, p Pending) ([]Rest, error) {
	return db.Rest(ctx, p.State.Ended(p.All))
}

// Again are the backfills that were counted again, and of which rows are left.
func (p Pending) Again() []Fill {
	var all []Fill
	for _, one := range p.Left {
		if one.Rows > 0 {
			all = append(all, one.Fill)
		}
	}
	return all
}

// recount says in the report what is left of the backfills that had ended.
func (r *run) recount(ctx context.Context, p *Pending) (err error) {
	if p.Left, err = Recount(ctx, r.on.Database, *p); len(p.Left) > 0 {
		r.report.Notes = append(r.report.Notes, "backfills that had ended were counted again: "+words(p.Left))
	}
	return err
}

// earlier does what is left of the backfills of files that the database has. It
// changes the rows that were left of those that had ended as a sweep does: the
// statement was reviewed, and the table backed up, when it first ran.
func (r *run) earlier(ctx context.Context, p Pending) error {
	if err := r.inherit(ctx, p); err != nil {
		return fmt.Errorf("write down which backfills this release knows: %w", err)
	}
	if err := r.backfill(ctx, p.State); err != nil {
		return err
	}
	for _, fill := range p.Again() {
		if err := r.fill(ctx, fill, true); err != nil {
			return err
		}
	}
	return nil
}

// inherit writes down which backfills this release was migrated with in hand, and
// takes the mark of a sweep from those that its commit does not know: it may write the
// old form.
func (r *run) inherit(ctx context.Context, p Pending) error {
	for _, v := range ahead(p.All, p.State) {
		for id, now := range p.State.Filled {
			if id.Version != v || !now.Swept {
				continue
			}
			if err := r.session.Reopen(ctx, id); err != nil {
				return err
			}
		}
	}
	var known []Held
	for _, f := range p.State.Unswept(p.All) {
		if m, _ := p.All.Of(f.Version); !p.State.held(m, r.id) {
			known = append(known, Held{Migration: m})
		}
	}
	return r.session.Hold(ctx, known)
}

// Left lists, in words, the backfills up to a version that have rows left to change.
// The mark of a sweep does not count, unless the directive says that rows which meet
// the condition later are ones that the application means. One that is not swept, and
// whose file is not there, counts as one that has.
func Left(ctx context.Context, s Settings, db Database, until Version) ([]string, error) {
	if s.URL == "" {
		return nil, nil
	}
	files, err := Read(s.Folder)
	if err != nil {
		return nil, err
	}
	state, err := db.State(ctx)
	if err != nil {
		return nil, err
	}
	all, err := db.Rest(ctx, state.awaited(files, until))
	left := state.lost(files, until)
	for _, one := range all {
		switch {
		case one.Rows == 0:
		case state.filled(one.Fill).Swept:
			left = append(left, fmt.Sprintf("%s, since it was swept: if the application means them, add once to its directive; if not, remove its line from %s, and the next release fills it again", words([]Rest{one}), Fills))
		default:
			left = append(left, words([]Rest{one}))
		}
	}
	return left, err
}

// awaited are the backfills whose rows a contraction behind a version would lose.
func (s State) awaited(files Set, until Version) []Fill {
	return slices.DeleteFunc(s.Fills(files), func(f Fill) bool {
		return f.Version > until || f.Once && s.filled(f).Swept
	})
}

// lost lists, in words, the backfills up to a version of which nobody can say what is
// left.
func (s State) lost(files Set, until Version) []string {
	var list []string
	for id, now := range s.Filled {
		if _, there := files.Of(id.Version); !there && !now.Swept && id.Version <= min(until, s.Version) {
			list = append(list, fmt.Sprintf("%s is not in %s any more, so what is left of its backfill cannot be counted", now.File, files.Folder))
		}
	}
	slices.Sort(list)
	return list
}
