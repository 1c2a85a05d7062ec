package postgres

import (
	"context"
	"errors"
	"strconv"

	"github.com/golang-migrate/migrate/v4/database"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Settle finds out what an interrupted file has left and writes it down. It is the
// one way in which a run learns what became of a file: that of a killed run, and
// its own after an error.
func (s *session) Settle(ctx context.Context, set migration.Set) (migration.State, error) {
	if err := errors.Join(s.quiet(ctx), s.prepare(ctx)); err != nil {
		return migration.State{}, err
	}
	state, err := s.db.state(ctx, s.lock)
	if err == nil && state.Dirty {
		err = s.clean(ctx, set, &state)
	}
	if err != nil || state.Dirty {
		return state, err
	}
	if err := s.tidy(ctx, state.Version); err != nil {
		return state, err
	}
	if state, err = s.db.state(ctx, s.lock); err != nil {
		return state, err
	}
	if err := s.adopt(ctx, set, state); err != nil {
		return state, err
	}
	return s.db.state(ctx, s.lock)
}

// clean takes the dirty mark away where it is certain what became of the file.
func (s *session) clean(ctx context.Context, set migration.Set, state *migration.State) error {
	if e, going := state.Undoing(); going {
		return s.settleUndo(ctx, set, state, e)
	}
	outcome, err := state.Outcome(set, func(c migration.Change) (migration.Found, error) { return s.find(ctx, state.Version, c) })
	if err != nil {
		return err
	}
	if outcome == migration.Unclear {
		return nil
	}
	at := state.Version
	if m, _ := set.Of(at); state.Journal[at].Nature != migration.Atomic {
		err = s.repair(ctx, at, m.Up.Script.Change)
	}
	switch {
	case err != nil:
		return err
	case outcome == migration.Applied:
		err = s.force(ctx, set, at)
	default:
		err = s.undo(ctx, set, state)
	}
	if err == nil {
		state.Dirty = false
	}
	return err
}

// settleUndo ends a down file that was interrupted: it was applied if and only if
// its mark is there.
func (s *session) settleUndo(ctx context.Context, set migration.Set, state *migration.State, e migration.Entry) error {
	at := e.Version
	if e.Undo == migration.Undone {
		at = e.Previous
	}
	if err := s.force(ctx, set, at); err != nil {
		return err
	}
	state.Version, state.Dirty = at, false // tidy makes the journal agree
	return nil
}

// undo brings the version back to what it was before a file of which nothing is left.
func (s *session) undo(ctx context.Context, set migration.Set, state *migration.State) error {
	at := state.Version
	if err := s.force(ctx, set, state.Journal[at].Previous); err != nil {
		return err
	}
	state.Version = state.Journal[at].Previous
	return s.forget(ctx, at)
}

// force writes a version without the dirty mark, as golang-migrate does it. The
// table may be locked for a moment, such as by somebody who watches it.
func (s *session) force(ctx context.Context, set migration.Set, v migration.Version) error {
	return insist(ctx, func() error {
		return s.once(ctx, migration.Step{Files: set}, func(m *migrator) error { return m.Force(int(v)) })
	})
}

// quiet waits until nobody has golang-migrate's own lock: the backend of a killed
// run keeps it for as long as its statement goes on, and other users of
// golang-migrate take it as well.
func (s *session) quiet(ctx context.Context) error {
	// golang-migrate's command line takes the path of the URL for the name of the
	// database, programs that bring a connection of their own take the name.
	for _, name := range []string{s.db.at.path, s.db.at.config.Database} {
		key, err := s.theirs(name)
		if err != nil {
			return err
		}
		if err := s.obtain(ctx, key); err != nil {
			return err
		}
		if err := s.exec(ctx, `SELECT pg_advisory_unlock($1)`, key); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) theirs(name string) (int64, error) {
	text, err := database.GenerateAdvisoryLockId(name, s.schema, s.db.settings.Table)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}
