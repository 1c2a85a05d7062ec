package postgres

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// migrator is golang-migrate on a connection of its own. A new one is made for
// every try: what a file sets in its session is not there for the next, and after
// an error in the middle of a file nothing else can be asked on the connection.
type migrator struct {
	*migrate.Migrate
	driver database.Driver
	conn   *pgconn.PgConn
}

// tries are the parameters under which a file runs.
func (s *session) tries(n migration.Nature) parameters {
	return parameters{"lock_timeout": milliseconds(s.db.settings.LockTimeout), "statement_timeout": milliseconds(s.limit(n))}
}

// limit is how long a file of this nature may run.
func (s *session) limit(n migration.Nature) time.Duration {
	if n == migration.Concurrent {
		return s.db.settings.IndexTimeout
	}
	return s.db.settings.StatementTimeout
}

// patient runs a file without the lock timeout, and everything around it with it.
// What runs concurrently has to wait for old transactions, and keeps nobody waiting
// meanwhile; golang-migrate's lock and table are another matter.
type patient struct {
	database.Driver
	conn    *pgconn.PgConn
	timeout time.Duration
}

// Run runs a file.
func (p patient) Run(file io.Reader) error {
	if err := p.set("0"); err != nil {
		return err
	}
	return errors.Join(p.Driver.Run(file), p.set(milliseconds(p.timeout)))
}

func (p patient) set(timeout string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := p.conn.Exec(ctx, "SET lock_timeout = '"+timeout+"'").ReadAll()
	return err
}

// once makes a migrator, uses it and closes it. When ctx ends it cancels what the
// server does, again and again, and in the end cuts the connection.
func (s *session) once(ctx context.Context, step migration.Step, use func(*migrator) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m := &migrator{}
	db := stdlib.OpenDB(*s.db.config("bluegreen migrate "+string(s.id), s.tries(step.Up.Script.Nature)), stdlib.OptionAfterConnect(func(_ context.Context, c *pgx.Conn) error {
		m.conn = c.PgConn()
		return nil
	}))
	db.SetMaxOpenConns(1)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return unreachable(ended(ctx, err))
	}
	defer cancelling(ctx, m.conn)()
	if s.beside != nil {
		defer s.beside(m.conn.PID())()
	}
	if err := m.open(db, s, step); err != nil {
		return err
	}
	defer m.driver.Close()
	return use(m)
}

func (m *migrator) open(db *sql.DB, s *session, step migration.Step) (err error) {
	m.driver, err = migratepgx.WithInstance(db, &migratepgx.Config{
		MigrationsTable: s.db.settings.Table,
		SchemaName:      s.schema,
		DatabaseName:    s.db.at.path, // as golang-migrate's command line, for the name of its lock
	})
	if err != nil {
		return err
	}
	if step.Up.Script.Nature == migration.Concurrent {
		m.driver = patient{m.driver, m.conn, s.db.settings.LockTimeout}
	}
	files := s.files(step.Files)
	files.behind = step.Previous
	m.Migrate, err = migrate.NewWithInstance("checked files", files, "pgx5", m.driver)
	return err
}

// cancelling cancels what conn does once ctx has ended. The function that it
// returns ends that.
func cancelling(ctx context.Context, conn *pgconn.PgConn) func() {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-ctx.Done():
			cancelUntil(done, conn)
		case <-done:
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// cancelUntil asks the server to cancel, as often as golang-migrate has a next
// statement, and cuts the connection when that has not helped.
func cancelUntil(done <-chan struct{}, conn *pgconn.PgConn) {
	cut := time.After(patience)
	for {
		ctx, stop := context.WithTimeout(context.Background(), patience/5)
		_ = conn.CancelRequest(ctx) // is repeated
		stop()
		select {
		case <-done:
			return
		case <-cut:
			_ = conn.Conn().Close()
			return
		case <-time.After(poll):
		}
	}
}

// serverError finds PostgreSQL's error also where golang-migrate hides it.
func serverError(err error) *pgconn.PgError {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg
	}
	if wrapped, ok := errors.AsType[database.Error](err); ok {
		return serverError(wrapped.OrigErr)
	}
	if wrapped, ok := errors.AsType[*database.Error](err); ok {
		return serverError(wrapped.OrigErr)
	}
	return nil
}

// atLock tells whether a statement can be tried again: it waited for a lock too
// long, or was chosen to end a deadlock.
func atLock(err error) bool {
	code := sqlState(err)
	return code == "55P03" || code == "40P01"
}
