package postgres

import (
	"context"
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

// observe looks again and again who blocks a session. The function that it returns
// ends that and returns who was seen last.
func (s *session) observe(ctx context.Context, pid uint32) func() []migration.Blocker {
	interval := min(max(s.db.settings.LockTimeout/4, 10*time.Millisecond), time.Second/2)
	ctx = context.WithoutCancel(ctx)
	done, gone := make(chan struct{}), make(chan struct{})
	var last []migration.Blocker
	go func() {
		defer close(gone)
		for {
			select {
			case <-done:
				return
			case <-time.After(interval):
			}
			if seen, err := s.blockers(ctx, pid); err == nil && len(seen) > 0 {
				last = seen
			}
		}
	}()
	return func() []migration.Blocker {
		close(done)
		<-gone
		return last
	}
}

func (s *session) blockers(ctx context.Context, pid uint32) ([]migration.Blocker, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
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
