package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// poll is how often a lock is asked for. Waiting inside of PostgreSQL would not
// do: a session that waits has a snapshot, for which a concurrent index build of
// the lock's holder waits in turn.
const poll = 250 * time.Millisecond

// session holds the lock of the migrations of a database for as long as its
// connection lives. It is not safe for concurrent use.
type session struct {
	db      *Database
	id      release.ID
	schema  string
	lock    *pgx.Conn
	watch   *pgx.Conn // sees what another session waits for
	waiting func(string)
	told    string // who was waited for last
	when    time.Time

	woven  func(migration.Set) files      // in a rehearsal: the files, with what reads a trace
	beside func(pid uint32) (stop func()) // likewise: watches the session that a file runs in
}

// Lock waits until no other run migrates the database. It asks, it does not queue.
func (d *Database) Lock(ctx context.Context, as release.ID, waiting func(holder string)) (migration.Session, error) {
	s := &session{db: d, id: as, waiting: waiting}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.obtain(ctx, d.key(s.schema)); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) open(ctx context.Context) (err error) {
	if s.lock, err = s.db.connect(ctx, "bluegreen lock "+string(s.id), asking); err != nil {
		return err
	}
	if s.watch, err = s.db.connect(ctx, "bluegreen watch "+string(s.id), asking); err != nil {
		return err
	}
	if err = direct(ctx, s.lock); err != nil {
		return err
	}
	if err = s.lock.QueryRow(ctx, `SELECT coalesce(current_schema(), '')`).Scan(&s.schema); err != nil {
		return fmt.Errorf("read search path: %w", err)
	}
	// PostgreSQL 14 and newer may end a session that only holds a lock.
	_, err = s.lock.Exec(ctx, `SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('idle_session_timeout', true) IS NOT NULL`)
	return err
}

// key is the number of the lock, which PostgreSQL keeps apart by database.
func (d *Database) key(schema string) int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "bluegreen migrations %q %q", schema, d.settings.Table)
	return int64(h.Sum64())
}

// obtain polls until it has the lock.
func (s *session) obtain(ctx context.Context, key int64) error {
	for {
		var got bool
		if err := s.lock.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&got); err != nil || got {
			return ended(ctx, err)
		}
		if err := s.tell(ctx, key); err != nil {
			return ended(ctx, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

// tell says who holds a lock. The columns are those in which PostgreSQL shows a
// lock on one bigint.
func (s *session) tell(ctx context.Context, key int64) error {
	rows, err := s.lock.Query(ctx, `SELECT format('pid %s, %s', l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'))
		FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND (l.classid::bigint << 32 | l.objid::bigint) = $1`, key)
	if err != nil {
		return err
	}
	holders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, holder := range holders {
		if s.told != holder || time.Since(s.when) > patience {
			s.told, s.when = holder, time.Now()
			s.waiting(holder)
		}
	}
	return err
}

// Close ends the session and with it the lock.
func (s *session) Close() {
	for _, conn := range []*pgx.Conn{s.watch, s.lock} {
		if conn != nil {
			shut(context.Background(), conn)
		}
	}
}

// apart is a context for what must not be cut off when ctx ends, since the
// session's connection, and the lock with it, would be lost.
func apart(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*patience)
}

// ended replaces the error of a call that a context ended by the reason.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
