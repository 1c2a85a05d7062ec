package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// glimpse is how often a file that is not one transaction is looked at.
const glimpse = 5 * time.Millisecond

// bystander watches the locks of a file from a session of its own. In front of a
// concurrent change of indexes it holds the table as an application does that writes:
// the file has to wait for it, with its locks in hand, until they have been seen.
type bystander struct {
	scratch *scratch
	conn    *pgx.Conn // nil for a file that is one transaction
	barrier pgx.Tx    // nil where there is none
	locks   map[review.Name]review.Mode
	since   time.Time     // when a strong lock was seen that is held still; zero without one
	held    time.Duration // the longest that one was held
}

// besides prepares to watch a file.
func (s *scratch) besides(ctx context.Context, script migration.Script) (*bystander, error) {
	b := &bystander{scratch: s, locks: map[review.Name]review.Mode{}}
	s.session.beside = nil
	if script.Nature == migration.Atomic {
		return b, nil
	}
	var err error
	if b.conn, err = s.db.connect(ctx, "bluegreen rehearsal "+string(s.id), asking); err != nil {
		return nil, s.gone(err)
	}
	if script.Change.Verb != migration.Detach { // which lets go of its locks to wait
		if err := b.stand(ctx, script.Change); err != nil {
			b.close(ctx)
			return nil, s.gone(err)
		}
	}
	s.session.beside = func(pid uint32) func() { return b.follow(ctx, pid) }
	return b, nil
}

// tableOf finds a table by its name or by that of one of its indexes.
const tableOf = `SELECT coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1)), to_regclass($1))::regclass::text`

// stand takes the lock of an application on the table whose indexes are changed; on
// none where they are those of a schema. The session that looks cannot be the one that
// holds it: it has to commit at once.
func (b *bystander) stand(ctx context.Context, c migration.Change) error {
	name := c.Name
	if c.Verb == migration.Make {
		name = c.On
	}
	var on *string
	if err := b.conn.QueryRow(ctx, tableOf, sanitized(name)).Scan(&on); err != nil || on == nil || c.Kind == "SCHEMA" {
		return err
	}
	var err error
	if b.barrier, err = b.scratch.conn.Begin(ctx); err != nil {
		return err
	}
	_, err = b.barrier.Exec(ctx, "LOCK TABLE "+*on+" IN ROW EXCLUSIVE MODE")
	return err
}

// follow looks until the function that it returns is called.
func (b *bystander) follow(ctx context.Context, pid uint32) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for ctx.Err() == nil {
			if b.look(ctx, pid) {
				b.release(ctx)
			}
			select {
			case <-ctx.Done():
			case <-time.After(glimpse):
			}
		}
	}()
	return func() {
		cancel()
		<-gone
	}
}

// look keeps the strongest lock on each relation, and tells whether the file waits.
func (b *bystander) look(ctx context.Context, pid uint32) (waits bool) {
	rows, err := b.conn.Query(ctx, `SELECT b.schema, b.name, l.mode, EXISTS (SELECT FROM pg_locks w WHERE w.pid = $1 AND NOT w.granted)
		FROM pg_locks l JOIN `+tracing+`.before b ON b.oid = l.relation
		WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`, pid)
	if err != nil {
		return false
	}
	var n review.Name
	var mode string
	var waiting, strong bool
	_, err = pgx.ForEachRow(rows, []any{&n.Schema, &n.Name, &mode, &waiting}, func() error {
		b.locks[n] = max(b.locks[n], modes[mode])
		waits, strong = waits || waiting, strong || modes[mode].Strong()
		return nil
	})
	if err == nil {
		b.time(strong)
	}
	return err == nil && waits
}

// time follows how long strong locks are held, to the next look.
func (b *bystander) time(strong bool) {
	if !b.since.IsZero() {
		b.held = max(b.held, time.Since(b.since))
	}
	switch {
	case !strong:
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = time.Now()
	}
}

// release lets the file go on.
func (b *bystander) release(ctx context.Context) {
	if b.barrier != nil {
		_ = b.barrier.Rollback(context.WithoutCancel(ctx)) // its end is all that counts
		b.barrier = nil
	}
}

func (b *bystander) close(ctx context.Context) {
	b.scratch.session.beside = nil
	b.release(ctx)
	if b.conn != nil {
		shut(ctx, b.conn)
		b.conn = nil
	}
}

// read is what was seen of the whole file. That it has written a table again shows
// afterwards.
func (b *bystander) read(ctx context.Context, script migration.Script, took time.Duration) ([]migration.Traced, error) {
	b.release(ctx)
	t := migration.Traced{Line: script.Statements[0].Line, Took: took}
	for n, mode := range b.locks {
		t.Effect.Locks = append(t.Effect.Locks, review.Lock{On: n, Mode: mode})
	}
	rows, err := b.scratch.conn.Query(ctx, `SELECT schema, name FROM `+tracing+`.before WHERE node <> 0 AND pg_relation_filenode(oid) <> node`)
	if err != nil {
		return nil, err
	}
	t.Effect.Rewrites, err = pgx.CollectRows(rows, pgx.RowToStructByPos[review.Name])
	if t.Effect.Strongest().Mode.Strong() {
		took = b.held
	}
	return []migration.Traced{held(t, took)}, err
}
