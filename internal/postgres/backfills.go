package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func (s *session) fills() string { return table(s.schema, migration.Fills) }

// prepareFills makes the table of the backfills, unless it is there.
func (s *session) prepareFills(ctx context.Context) error {
	var there bool
	err := s.lock.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'swept_at' AND NOT attisdropped)`, s.fills()).Scan(&there)
	if err != nil || there {
		return err
	}
	err = s.exec(ctx, `CREATE TABLE IF NOT EXISTS `+s.fills()+` (
		versions text NOT NULL, version bigint NOT NULL, item int NOT NULL, file text NOT NULL, sha256 text NOT NULL, release text NOT NULL,
		last text, passed bigint NOT NULL DEFAULT 0, changed bigint NOT NULL DEFAULT 0, batches bigint NOT NULL DEFAULT 0,
		started_at timestamptz NOT NULL DEFAULT clock_timestamp(), updated_at timestamptz NOT NULL DEFAULT clock_timestamp(), done_at timestamptz,
		PRIMARY KEY (versions, version, item))`)
	if err == nil {
		err = s.exec(ctx, `ALTER TABLE `+s.fills()+` ADD COLUMN IF NOT EXISTS swept_at timestamptz`) // which a table of an earlier version lacks
	}
	if err != nil {
		return release.Refuse("give the user of database.url the right to create tables in schema "+s.schema, "make table %s: %w", migration.Fills, err)
	}
	return nil
}

// forgetFills removes how far the backfills of some versions have come: what they
// filled is gone, or about to be made anew.
func (s *session) forgetFills(ctx context.Context, first, last migration.Version) error {
	var there bool
	if err := s.lock.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, s.fills()).Scan(&there); err != nil || !there {
		return err
	}
	return s.exec(ctx, `DELETE FROM `+s.fills()+` WHERE versions = $1 AND version BETWEEN $2 AND $3`, s.db.settings.Table, first, last)
}

// Swept writes down that nothing is left of backfills.
func (s *session) Swept(ctx context.Context, fills []migration.Fill) error {
	if err := s.prepareFills(ctx); err != nil {
		return err
	}
	for _, f := range fills {
		err := s.exec(ctx, `INSERT INTO `+s.fills()+` AS j (versions, version, item, file, sha256, release, done_at, swept_at)
			VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp())
			ON CONFLICT (versions, version, item) DO UPDATE SET file = $4, sha256 = $5, done_at = coalesce(j.done_at, clock_timestamp()), swept_at = clock_timestamp()`,
			s.db.settings.Table, f.Version, f.Item, f.File, f.SHA256, string(s.id))
		if err != nil {
			return fmt.Errorf("write down that backfill %v was swept: %w", f, err)
		}
	}
	return nil
}

// Reopen writes down that rows may be left of a backfill again.
func (s *session) Reopen(ctx context.Context, id migration.FillID) error {
	return s.exec(ctx, `UPDATE `+s.fills()+` SET swept_at = NULL WHERE versions = $1 AND version = $2 AND item = $3`, s.db.settings.Table, id.Version, id.Item)
}

// filled reads how far the backfills have come.
func (d *Database) filled(ctx context.Context, tx pgx.Tx, schema string) (map[migration.FillID]migration.Filled, error) {
	there, err := exists(ctx, tx, schema, migration.Fills)
	if err != nil || !there {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT version, item, file, sha256, changed, done_at IS NOT NULL, to_jsonb(j)->>'swept_at' IS NOT NULL
		FROM `+table(schema, migration.Fills)+` j WHERE versions = $1`, d.settings.Table)
	if err != nil {
		return nil, err
	}
	all := map[migration.FillID]migration.Filled{}
	var id migration.FillID
	var f migration.Filled
	_, err = pgx.ForEachRow(rows, []any{&id.Version, &id.Item, &f.File, &f.SHA256, &f.Changed, &f.Done, &f.Swept}, func() error {
		all[id] = f
		return nil
	})
	return all, err
}

// Rest counts the rows that are left of each backfill, each within
// database.statement-timeout.
func (d *Database) Rest(ctx context.Context, fills []migration.Fill) ([]migration.Rest, error) {
	if len(fills) == 0 {
		return nil, nil
	}
	conn, err := d.connect(ctx, "bluegreen remainder", asking)
	if err != nil {
		return nil, err
	}
	defer shut(ctx, conn)
	var all []migration.Rest
	for _, f := range fills {
		one := migration.Rest{Fill: f}
		if one.Rows, err = remaining(ctx, conn, f, d.settings.StatementTimeout); gone(err) {
			one.Gone, err = "its table or a column is no more", nil
		}
		if err != nil {
			return nil, fmt.Errorf("backfill %v: %w", f, d.uncounted(ctx, err))
		}
		all = append(all, one)
	}
	return all, nil
}

// remaining counts the rows that a backfill has still to change, in a transaction
// that cannot write and may take its time.
func remaining(ctx context.Context, conn *pgx.Conn, f migration.Fill, limit time.Duration) (n int64, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '`+milliseconds(limit)+`'`); err != nil {
			return err
		}
		return tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE (\n%s\n)", f.Target, f.Where)).Scan(&n)
	})
	return n, err
}

// uncounted is why it is not known how many rows are left.
func (d *Database) uncounted(ctx context.Context, err error) error {
	if limit := d.settings.StatementTimeout; ctx.Err() == nil && sqlState(err) == "57014" {
		return release.CannotTell("raise database.statement-timeout", "count the rows that are left: no answer within %v", limit)
	}
	return release.CannotTell("run the job again", "count the rows that are left: %w", ended(ctx, explain(err, nil)))
}

// gone tells whether what a backfill was of is no more, as behind a contraction.
func gone(err error) bool {
	code := sqlState(err)
	return code == "42P01" || code == "42703"
}

// mark is a place in the write-ahead log and when it was reached.
type mark struct {
	at   time.Time
	byte int64
}

// standbys asks what the standbys have replayed: the lag that they report, which
// stands still when they do, and how far the last one is. Who may not see them gets
// no state.
const standbys = `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, min(pg_wal_lsn_diff(replay_lsn, '0/0'))::bigint,
	coalesce(extract(epoch FROM max(replay_lag)), 0)::float8, count(*) FILTER (WHERE pid IS NOT NULL AND state IS NULL) FROM pg_stat_replication`

// Lag is how far the last standby is behind: by what it reports, or by how long ago
// the log was where it has not come to yet, whichever is more.
func (b *filling) Lag(ctx context.Context) (lag time.Duration, hidden int, err error) {
	var now int64
	var replayed *int64
	var reported float64
	err = b.do(ctx, func(ctx context.Context) error {
		return b.conn.QueryRow(ctx, standbys).Scan(&now, &replayed, &reported, &hidden)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read replication lag: %w", errors.Join(context.Cause(ctx), err))
	}
	if replayed == nil {
		b.wal = nil
		return 0, hidden, nil
	}
	for len(b.wal) > 0 && b.wal[0].byte <= *replayed {
		b.wal = b.wal[1:]
	}
	lag = time.Duration(reported * float64(time.Second))
	if len(b.wal) > 0 {
		lag = max(lag, time.Since(b.wal[0].at))
	}
	b.wal = append(b.wal, mark{time.Now(), now})
	return lag, hidden, nil
}
