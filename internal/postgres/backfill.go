package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// filling is a backfill on a connection of its own. A batch takes the lock of the
// checkpoint first, so what a killed run has left running on the server is over
// before the next one reads it.
type filling struct {
	session *session
	fill    migration.Fill
	conn    *pgx.Conn
	tell    func(migration.Event)
	begun   bool    // its first batch was committed
	again   bool    // it has to begin from the start of the table
	typ     string  // of the key
	rows    float64 // of the table, estimated
	wal     []mark
}

// Fill begins a backfill, or goes on with it.
func (s *session) Fill(ctx context.Context, f migration.Fill, again bool, tell func(migration.Event)) (migration.Filling, error) {
	if err := s.exec(ctx, `SELECT 1`); err != nil {
		return nil, release.CannotTell("run the job again", "the connection that holds the lock of the migrations is lost: %w", err)
	}
	if err := s.prepareFills(ctx); err != nil {
		return nil, err
	}
	conn, err := s.db.connect(ctx, "bluegreen backfill "+string(s.id), parameters{
		"lock_timeout": milliseconds(s.db.settings.LockTimeout), "statement_timeout": milliseconds(s.db.settings.Backfill.Timeout),
		"timezone": "UTC", "datestyle": "ISO", "default_transaction_isolation": "read committed",
		"plan_cache_mode": "force_custom_plan", // whose limits are known
	})
	if err != nil {
		return nil, err
	}
	return &filling{session: s, fill: f, conn: conn, again: again, tell: tell}, nil
}

// begin looks at the key, has PostgreSQL read the statement, and writes the
// checkpoint of a backfill that begins. It is a part of the first batch, for it may
// meet a lock too.
func (b *filling) begin(ctx context.Context, tx pgx.Tx) error {
	if err := b.key(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Prepare(ctx, "", b.sql(false)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+b.session.fills()+` AS j (versions, version, item, file, sha256, release)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (versions, version, item) DO UPDATE SET file = $4, sha256 = $5, release = $6, last = NULL, passed = 0,
		changed = CASE WHEN j.sha256 = $5 THEN j.changed ELSE 0 END, batches = CASE WHEN j.sha256 = $5 THEN j.batches ELSE 0 END,
		started_at = clock_timestamp(), updated_at = clock_timestamp(), done_at = NULL, swept_at = NULL
		WHERE j.sha256 <> $5 OR $7`, b.session.db.settings.Table, b.fill.Version, b.fill.Item, b.fill.File, b.fill.SHA256, string(b.session.id), b.again)
	return err
}

// keyed asks for the type of a column, whether it is not null, and whether it is
// unique on its own.
const keyed = `SELECT format('%I.%I', n.nspname, t.typname), t.typname, a.attnotnull, EXISTS (SELECT FROM pg_index i
			WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
		greatest(c.reltuples, (SELECT s.n_live_tup FROM pg_stat_all_tables s WHERE s.relid = c.oid), -1)::float8
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
	WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p') AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`

func (b *filling) key(ctx context.Context, tx pgx.Tx) error {
	var name string
	var filled, unique bool
	err := tx.QueryRow(ctx, keyed, sanitize(b.fill.Table.Schema, b.fill.Table.Name), b.fill.Key).Scan(&b.typ, &name, &filled, &unique, &b.rows)
	const hint = "name another key in the directive, or add one to the table"
	ok, want := review.Orderable(name)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return release.Refuse("correct the directive in the file", "%w: there is no table %v with a column %s", migration.ErrGone, b.fill.Table, b.fill.Key)
	case err != nil:
		return fmt.Errorf("look up key %s: %w", b.fill.Key, err)
	case !ok:
		return release.Refuse(hint, "key %s has type %s: want %s", b.fill.Key, name, want)
	case !filled || !unique:
		return release.Refuse(hint, "key %s: not null %t, unique on its own %t: want both", b.fill.Key, filled, unique)
	}
	return nil
}

// sql is the statement of a batch behind a key, or at the start of the table. It
// looks at the rows from there on, at most $1, until it has found $2 that are to be
// changed, and changes them, all in one snapshot. Behind the change the condition is
// asked once more: of a row that still meets it nobody could say that it is done.
func (b *filling) sql(start bool) string {
	key, behind := sanitize(b.fill.Key), ""
	if !start {
		behind = key + " > $3::text::" + b.typ + " AND "
	}
	const format = `
WITH bluegreen_page AS MATERIALIZED (SELECT k FROM (SELECT %[1]s AS k, coalesce((
%[4]s
), false) AS todo FROM %[2]s WHERE %[5]strue ORDER BY %[1]s LIMIT $1::bigint) AS w WHERE todo ORDER BY k LIMIT $2::bigint),
bluegreen_end AS MATERIALIZED (SELECT CASE WHEN (SELECT count(*) FROM bluegreen_page) = $2::bigint THEN (SELECT k FROM bluegreen_page ORDER BY k DESC LIMIT 1)
	ELSE (SELECT k FROM (SELECT %[1]s AS k FROM %[2]s WHERE %[5]strue ORDER BY %[1]s LIMIT $1::bigint) AS w ORDER BY k DESC LIMIT 1) END AS k),
bluegreen_changed AS (UPDATE %[2]s
SET %[3]s
WHERE %[5]s%[1]s <= (SELECT k FROM bluegreen_end) AND (
%[4]s
) RETURNING coalesce((
%[4]s
), false) AS still)
SELECT (SELECT k::text FROM bluegreen_end), (SELECT count(*) FROM %[2]s WHERE %[5]s%[1]s <= (SELECT k FROM bluegreen_end)),
	coalesce((SELECT true FROM %[2]s WHERE %[1]s > (SELECT k FROM bluegreen_end) ORDER BY %[1]s LIMIT 1), false),
	(SELECT count(*) FROM bluegreen_changed), (SELECT count(*) FROM bluegreen_changed WHERE still)`
	return fmt.Sprintf(format, key, b.fill.Target, b.fill.Set, b.fill.Where, behind)
}

// wide is how many rows a batch may look at for each that it may change: where most
// are done, it gets on faster, and its time stays bounded.
const wide = 10

// page is what the statement of a batch returns.
type page struct {
	last                 *string
	passed, done, undone int64
	more                 bool // rows behind it
}

// Batch changes some rows and moves the checkpoint behind them.
func (b *filling) Batch(ctx context.Context, rows int) (migration.Batch, error) {
	stop := b.session.observe(ctx, b.conn.PgConn().PID(), b.fill.String(), b.tell)
	var batch migration.Batch
	err := b.do(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, b.conn, func(tx pgx.Tx) (err error) {
			if !b.begun {
				err = b.begin(ctx, tx)
			}
			if err == nil {
				batch, err = b.within(ctx, tx, rows)
			}
			return err
		})
	})
	blockers := stop()
	b.begun = b.begun || err == nil
	return batch, b.explain(ctx, err, blockers)
}

const mendFill = "correct the statement in the comment of the file, or the rows, and run the job again: it goes on behind the last batch"

func (b *filling) explain(ctx context.Context, err error, blockers []migration.Blocker) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case b.conn.IsClosed():
		return release.CannotTell("run the job again: it goes on behind the last batch", "the connection is lost: %w", explain(err, nil))
	case sqlState(err) == "57014":
		return migration.ErrSlow
	case gone(err):
		return release.Refuse(mendFill, "%w: %w", migration.ErrGone, explain(err, nil))
	case serverError(err) != nil && !atLock(err):
		return release.Refuse(mendFill, "%w", explain(err, nil))
	}
	return explain(err, blockers)
}

func (b *filling) within(ctx context.Context, tx pgx.Tx, rows int) (batch migration.Batch, err error) {
	var last *string
	key := []any{b.session.db.settings.Table, b.fill.Version, b.fill.Item}
	err = tx.QueryRow(ctx, `SELECT last, passed FROM `+b.session.fills()+` WHERE versions = $1 AND version = $2 AND item = $3 FOR UPDATE`, key...).Scan(&last, &batch.Passed)
	if err != nil {
		return batch, err
	}
	p, err := b.change(ctx, tx, last, rows)
	switch {
	case err != nil:
		return batch, err
	case p.undone > 0:
		return batch, release.Refuse("let the statement make its own WHERE untrue for every row, such as by coalesce(…, ''), or let the WHERE leave those rows out",
			"%d of %d rows meet the condition of the statement also when they are changed; the batch was rolled back", p.undone, p.done)
	}
	batch.Seen, batch.Changed, batch.Rows = p.passed, p.done, b.rows
	batch.Passed += p.passed
	batch.Ended = !p.more
	_, err = tx.Exec(ctx, `UPDATE `+b.session.fills()+` SET last = coalesce($4, last), passed = passed + $5, changed = changed + $6, batches = batches + 1,
		updated_at = clock_timestamp(), done_at = CASE WHEN $7 THEN clock_timestamp() END WHERE versions = $1 AND version = $2 AND item = $3`,
		append(key, p.last, p.passed, p.done, batch.Ended)...)
	return batch, err
}

func (b *filling) change(ctx context.Context, tx pgx.Tx, last *string, rows int) (p page, err error) {
	args := []any{int64(rows) * wide, int64(rows)}
	if last != nil {
		args = append(args, *last)
	}
	err = tx.QueryRow(ctx, b.sql(last == nil), args...).Scan(&p.last, &p.passed, &p.more, &p.done, &p.undone)
	return p, err
}

// Remainder counts what is left.
func (b *filling) Remainder(ctx context.Context) (n int64, err error) {
	limit := b.session.db.settings.StatementTimeout
	err = b.do(ctx, func(ctx context.Context) error {
		n, err = remaining(ctx, b.conn, b.fill, limit)
		return err
	})
	if ctx.Err() == nil && sqlState(err) == "57014" {
		return 0, b.session.db.uncounted(ctx, err)
	}
	return n, b.explain(ctx, err, nil)
}

// do runs what ends at the server when ctx does, and does not lose the connection.
func (b *filling) do(ctx context.Context, use func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer cancelling(ctx, b.conn.PgConn())()
	return use(context.WithoutCancel(ctx))
}

// Close gives the connection back.
func (b *filling) Close() { shut(context.Background(), b.conn) }
