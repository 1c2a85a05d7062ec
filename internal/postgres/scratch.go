package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// scratch is a database that a rehearsal has made for itself.
type scratch struct {
	stage   *Stage
	origin  origin
	on      Server
	id      release.ID
	from    migration.Source
	version string // of the server
	notes   []string

	name    string    // "" until it is made
	keeper  *pgx.Conn // to the database of the server's URL; holds the lock that says we live
	db      *Database
	session *session
	conn    *pgx.Conn // asks in the scratch database
	second  bool      // the database is another scratch's
}

// uncontended is how long a statement waits for a lock in a database that nobody
// else uses: autovacuum gives way within a second.
const uncontended = time.Minute

// begin opens the scratch database as a run opens the live one, and brings it to
// the version that the live one has.
func (s *scratch) begin(ctx context.Context) error {
	return s.beginAs(ctx, s.stage.live.settings)
}

// Line opens it a second time, for the contract files.
func (s *scratch) Line(ctx context.Context, from migration.Source) (migration.Scratch, error) {
	line := *s
	line.from, line.session, line.second = from, nil, true
	if err := line.beginAs(ctx, s.stage.live.settings.Contracts()); err != nil {
		return nil, errors.Join(err, line.Close(ctx))
	}
	line.session.woven = line.woven
	return &line, nil
}

func (s *scratch) beginAs(ctx context.Context, settings migration.Settings) error {
	settings.LockTimeout = uncontended
	var err error
	if settings.URL, err = s.url(); err != nil {
		return err
	}
	if s.db, err = New(settings); err != nil {
		return err
	}
	opened, err := s.db.Lock(ctx, s.id, func(string) {})
	if err != nil {
		return s.gone(err)
	}
	s.session = opened.(*session)
	want := s.from.State.Version
	if !s.from.Data && want != migration.None {
		if err := s.session.force(ctx, s.from.Files, want); err != nil {
			return s.gone(err)
		}
	}
	return s.settled(ctx, want)
}

// settled makes sure that the scratch database is at a version.
func (s *scratch) settled(ctx context.Context, want migration.Version) error {
	state, err := s.session.Settle(ctx, s.from.Files)
	switch {
	case err != nil:
		return s.gone(err)
	case state.Dirty || state.Version != want:
		return fmt.Errorf("the scratch database is at version %v, dirty %t; want %v", state.Version, state.Dirty, want)
	}
	return nil
}

// Where says what server it is on.
func (s *scratch) Where() (place, server string, notes []string) {
	return s.on.Where, s.version, s.notes
}

// Up runs a file as a run does it on the live database.
func (s *scratch) Up(ctx context.Context, step migration.Step) (migration.Trace, error) {
	trace, err := s.traced(ctx, step.Up, func() error {
		_, err := s.session.Try(ctx, step)
		return err
	})
	if err != nil {
		needs := !s.from.Data && strings.HasPrefix(sqlState(err), "23") // integrity_constraint_violation
		if err = s.judge(ctx, err); needs {
			err = fmt.Errorf("%w: %w", migration.ErrRows, err)
		}
		return trace, err
	}
	return trace, s.settled(ctx, step.Version)
}

// Down takes one file back by way of golang-migrate.
func (s *scratch) Down(ctx context.Context, step migration.Step) (migration.Trace, error) {
	back := step
	back.Up = *step.Down // whose nature decides on the timeouts
	trace, err := s.traced(ctx, *step.Down, func() error {
		return s.session.once(ctx, back, func(m *migrator) error { return m.Steps(-1) })
	})
	if err != nil {
		return trace, s.judge(ctx, explain(err, nil))
	}
	return trace, s.settled(ctx, step.Previous)
}

// judge tells an error of the file from one of the server or the run.
func (s *scratch) judge(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %v", context.Cause(ctx), err)
	}
	if s.session.exec(ctx, `SELECT 1`) != nil {
		return s.gone(err)
	}
	if hint := s.lacks(err.Error()); hint != "" {
		return release.Refuse(hint, "%w", err)
	}
	return err
}

// gone is an error of the scratch server, which says nothing about the files.
func (s *scratch) gone(err error) error {
	if release.ExitStatus(err) == int(release.Unknown) {
		return err
	}
	return release.CannotTell("look at the server of the rehearsal, and run the job again; or set database.rehearsal.where to off", "%s: %w", s.on.Where, err)
}

// lacking are what a server of its own may not have, in PostgreSQL's words.
var lacking = []struct{ said, hint string }{
	{"is not available", "install the extension on %s"},
	{"could not open extension control file", "install the extension on %s"},
	{"permission denied to create extension", "let the user of the rehearsal make the extension on %s, such as by making it a superuser there"},
	{"must be superuser", "let the user of the rehearsal be a superuser on %s"},
	{"could not access file", "install the library on %s"},
	{"role \"", "make the role on %s: CREATE ROLE name NOLOGIN"},
	{"tablespace \"", "make the tablespace on %s"},
	{"No space left on device", "make room on %s, or set database.rehearsal.data to schema"},
}

// lacks is what to do about a server that is not like the live one; "" when the
// error is not about that.
func (s *scratch) lacks(text string) string {
	for _, l := range lacking {
		missing := l.said[len(l.said)-1] != '"' || strings.Contains(text, "does not exist")
		if strings.Contains(text, l.said) && missing {
			return fmt.Sprintf(l.hint, s.on.Where)
		}
	}
	return ""
}

// Close ends the sessions and drops the database, also when the session that
// keeps it is lost.
func (s *scratch) Close(ctx context.Context) error {
	if s.session != nil {
		s.session.Close()
	}
	if s.second {
		return nil
	}
	if s.on.Stop != nil {
		defer s.on.Stop()
	}
	if s.conn != nil {
		shut(ctx, s.conn)
	}
	if s.keeper == nil {
		return nil
	}
	defer func() { shut(ctx, s.keeper) }()
	if s.name == "" || s.on.Stop != nil {
		return nil
	}
	err := drop(ctx, s.keeper, s.name)
	if err == nil || sqlState(err) != "" {
		return err
	}
	return errors.Join(s.again(ctx), drop(ctx, s.keeper, s.name))
}

// again connects anew.
func (s *scratch) again(ctx context.Context) error {
	at, err := locate(s.on.Key, s.on.URL)
	if err != nil {
		return err
	}
	conn, err := s.keep(ctx, at)
	if err == nil {
		s.keeper = conn
	}
	return err
}

// Fill begins a backfill by the way in which a run does it on the live database.
func (s *scratch) Fill(ctx context.Context, f migration.Fill) (migration.Filling, error) {
	filling, err := s.session.Fill(ctx, f, true, func(migration.Event) {})
	if err != nil {
		return nil, s.gone(err)
	}
	return filling, nil
}
