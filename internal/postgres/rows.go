package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// counting are the parameters of a connection that counts: rows that a policy
// hides are an error, and every value is written as text in one way only.
var counting = parameters{
	"row_security": "off", "timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "iso_8601", "bytea_output": "hex",
	"extra_float_digits": "1", "lc_monetary": "C", "idle_in_transaction_session_timeout": "0",
}

// count counts the rows of an exported snapshot while pg_dump reads it, those of
// small tables first. When the time is over it returns what it has.
func (d *Database) count(ctx context.Context, snapshot string, tables []migration.Table) (map[string]migration.Rows, error) {
	s := d.settings.Backup
	if err := chosen(s.Hash, tables); err != nil || s.CountTimeout == 0 {
		return nil, err
	}
	tables = slices.DeleteFunc(slices.Clone(tables), func(t migration.Table) bool { return !t.Data })
	slices.SortStableFunc(tables, func(a, b migration.Table) int { return cmp.Compare(a.Pages, b.Pages) })
	var asked []tally
	for _, t := range tables {
		asked = append(asked, tally{t.Name, slices.ContainsFunc(s.Hash, func(name string) bool { return names(name, t) })})
	}
	return d.tally(ctx, snapshot, asked, s.CountTimeout)
}

// chosen refuses tables to hash that there are none of.
func chosen(hash []string, tables []migration.Table) error {
	for _, name := range hash {
		if !slices.ContainsFunc(tables, func(t migration.Table) bool { return t.Data && names(name, t) }) {
			return release.Reject("correct database.backup.hash", "hash rows: there is no table %s", name)
		}
	}
	return nil
}

// names tells whether name is that of the table: PostgreSQL leaves out a schema
// that is in the search path.
func names(name string, t migration.Table) bool {
	return name == t.Name || name == "public."+t.Name
}

// Rows counts the rows of the tables that like has, and hashes those that like has
// a hash of: what a restored backup is compared by. A table that is not there is an
// error.
func (d *Database) Rows(ctx context.Context, like map[string]migration.Rows, limit time.Duration) (map[string]migration.Rows, error) {
	var asked []tally
	for name, rows := range like {
		asked = append(asked, tally{name, rows.Hash != ""})
	}
	have, err := d.tally(ctx, "", asked, limit)
	if err == nil && len(have) < len(like) {
		err = fmt.Errorf("count rows: %d of %d tables within %v", len(have), len(like), limit)
	}
	return have, err
}

// tally is one table to count.
type tally struct {
	table string // as PostgreSQL quotes it
	hash  bool
}

// tally counts in one snapshot, which is an exported one unless it is "".
func (d *Database) tally(ctx context.Context, snapshot string, asked []tally, limit time.Duration) (map[string]migration.Rows, error) {
	conn, err := d.connect(ctx, "bluegreen count", counting)
	if err != nil {
		return nil, err
	}
	defer shut(ctx, conn)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err == nil && snapshot != "" {
		_, err = tx.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+strings.ReplaceAll(snapshot, "'", "''")+"'")
	}
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	have, end := map[string]migration.Rows{}, time.Now().Add(limit)
	for _, t := range asked {
		rows, err := t.in(ctx, tx, time.Until(end))
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "57014" && ctx.Err() == nil { // query_canceled
			return have, nil
		}
		if err != nil {
			return nil, fmt.Errorf("count rows of %s: %w", t.table, err)
		}
		have[t.table] = rows
	}
	return have, nil
}

// in counts under a limit that the server keeps, since it would go on with the
// query of a connection that is gone.
func (t tally) in(ctx context.Context, tx pgx.Tx, limit time.Duration) (migration.Rows, error) {
	var rows migration.Rows
	if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', $1, true)`, milliseconds(max(limit, time.Millisecond))); err != nil {
		return rows, err
	}
	err := tx.QueryRow(ctx, t.sql()).Scan(&rows.Count, &rows.Hash)
	return rows, err
}

// sql adds the hashes of the rows up, so that their order does not matter.
func (t tally) sql() string {
	if !t.hash {
		return `SELECT count(*), '' FROM ONLY ` + t.table
	}
	return `SELECT count(*), 'md5-sum:' || coalesce(sum(('x' || left(h, 15))::bit(60)::bigint::numeric), 0)::text || ':' || coalesce(sum(('x' || right(h, 15))::bit(60)::bigint::numeric), 0)::text
		FROM (SELECT md5(t::text) FROM ONLY ` + t.table + ` t) AS hashed(h)`
}
