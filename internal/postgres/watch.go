package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// blocking asks for who is in the way of a session only while it waits, since
// pg_blocking_pids stops the lock manager for a moment. A pid of 0 is a prepared
// transaction.
const blocking = `
	SELECT b.pid, coalesce(a.application_name, ''), coalesce(a.state, a.backend_type, 'prepared transaction'),
		coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)), 0)::float8, coalesce(a.query, '')
	FROM pg_stat_activity me CROSS JOIN LATERAL unnest(pg_blocking_pids(me.pid)) AS b(pid)
	LEFT JOIN pg_stat_activity a ON a.pid = b.pid
	WHERE me.pid = $1 AND me.wait_event_type = 'Lock'`

// maxQuery is how much of a blocker's query is kept, in bytes.
const maxQuery = 120

// watcher looks at a session that runs a file or a batch: who blocks it, and how
// far it is.
type watcher struct {
	*session
	pid  uint32
	what string // it runs
	tell func(migration.Event)

	last    []migration.Blocker // seen
	began   time.Time
	next    time.Time // when it says again how far the session is
	refused bool      // it was said that a blocker may not be terminated
}

// How soon a session is worth a word, and how often from then on.
const (
	sayFirst = 2 * time.Second
	sayEvery = 10 * time.Second
)

// observe looks again and again at a session. The function that it returns ends
// that and returns who was last seen in its way. The function tell may be nil.
func (s *session) observe(ctx context.Context, pid uint32, what string, tell func(migration.Event)) func() []migration.Blocker {
	if tell == nil { // a rehearsal says less
		tell = func(migration.Event) {}
	}
	now := time.Now()
	w := &watcher{session: s, pid: pid, what: what, tell: tell, began: now, next: now.Add(sayFirst)}
	interval := min(max(s.db.settings.LockTimeout/4, 10*time.Millisecond), time.Second/2)
	ctx = context.WithoutCancel(ctx)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-done:
				return
			case <-time.After(interval):
			}
			w.look(ctx)
		}
	}()
	return func() []migration.Blocker {
		close(done)
		<-gone
		return w.last
	}
}

func (w *watcher) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if seen, err := w.blockers(ctx, w.pid); err == nil && len(seen) > 0 {
		w.last = seen
		w.terminate(ctx, seen)
	}
	if time.Now().After(w.next) {
		w.next = time.Now().Add(sayEvery)
		w.say(ctx)
	}
}

func (s *session) blockers(ctx context.Context, pid uint32) ([]migration.Blocker, error) {
	rows, err := s.watch.Query(ctx, blocking, pid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b migration.Blocker, err error) {
		var age float64
		var query string
		err = row.Scan(&b.PID, &b.Application, &b.State, &age, &query)
		b.Age = time.Duration(age * float64(time.Second))
		b.Query = migration.HideConstants(query, maxQuery)
		return b, err
	})
}

// terminating ends a session, if it is one that nobody misses: of an application,
// in this database, idle in its transaction for long enough. What a superuser or a
// replication does is left alone, and what this user may not see, too.
const terminating = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
	WHERE a.pid = $1 AND a.datname = current_database() AND a.backend_type = 'client backend' AND a.state IN ('idle in transaction', 'idle in transaction (aborted)')
	AND NOT r.rolsuper AND NOT r.rolreplication AND clock_timestamp() - a.state_change > $2::float8 * interval '1 s'`

// terminate ends blockers where that is wanted, and says which.
func (w *watcher) terminate(ctx context.Context, seen []migration.Blocker) {
	age := w.db.settings.TerminateIdle
	if age == 0 {
		return
	}
	for _, b := range seen {
		var ended bool
		err := w.watch.QueryRow(ctx, terminating, b.PID, age.Seconds()).Scan(&ended)
		switch {
		case err == nil && ended:
			w.tell(migration.Event{Kind: migration.Terminated, What: fmt.Sprintf("%v; it was in the way of %s", b, w.what)})
		case sqlState(err) == "42501" && !w.refused: // insufficient_privilege
			w.refused = true
			w.tell(migration.Event{Kind: migration.Blocked, What: fmt.Sprintf("%s by %v; to terminate it, the user of database.url needs pg_signal_backend", w.what, b)})
		}
	}
}

// progress is what a session waits for, and how far the build of an index or the
// rewriting of a table is.
const progress = `SELECT coalesce(a.wait_event_type || ' ' || a.wait_event, ''), coalesce(i.phase, c.phase, ''),
		coalesce(nullif(i.blocks_total, 0), nullif(i.tuples_total, 0), nullif(i.lockers_total, 0), c.heap_blks_total, 0),
		CASE WHEN i.blocks_total > 0 THEN i.blocks_done WHEN i.tuples_total > 0 THEN i.tuples_done
			WHEN i.lockers_total > 0 THEN i.lockers_done ELSE coalesce(c.heap_blks_scanned, 0) END
	FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index i ON i.pid = a.pid LEFT JOIN pg_stat_progress_cluster c ON c.pid = a.pid
	WHERE a.pid = $1 AND a.state = 'active'`

// say tells how far the session is. A session that has just ended says nothing.
func (w *watcher) say(ctx context.Context) {
	var wait, phase string
	var all, done int64
	if w.watch.QueryRow(ctx, progress, w.pid).Scan(&wait, &phase, &all, &done) != nil {
		return
	}
	text := w.what
	if phase != "" {
		text += ": " + phase
	}
	if all > 0 {
		text += fmt.Sprintf(", %d%%", 100*done/all)
	}
	if wait != "" {
		text += ", waits for " + wait
	}
	w.tell(migration.Event{Kind: migration.Running, What: text, Took: time.Since(w.began)})
}
