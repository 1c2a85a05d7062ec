package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

var _ migration.Counter = (*Database)(nil)

// enough is where counting ends: who loses that many rows need not know how many
// more.
const enough = 100_000

// Written counts the rows of tables, and the values of columns that are not what the
// column has by itself: its default, or null without one. A null in a column with a
// default was written by somebody, who meant it. It reads in a transaction that cannot write.
func (d *Database) Written(ctx context.Context, made []string) ([]string, error) {
	if len(made) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	conn, err := d.connect(ctx, "bluegreen count", asking)
	if err != nil {
		return nil, err
	}
	defer shut(ctx, conn)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	var written []string
	for _, one := range made {
		n, unit, err := lost(ctx, tx, one)
		switch {
		case err != nil:
			return nil, fmt.Errorf("count %s: %w", one, err)
		case n >= enough:
			written = append(written, fmt.Sprintf("%s, at least %d %s", one, n, unit))
		case n > 0:
			written = append(written, fmt.Sprintf("%s, %d %s", one, n, unit))
		}
	}
	return written, nil
}

// lost counts one line of the journal. What is gone already loses nothing more.
func lost(ctx context.Context, tx pgx.Tx, one string) (int, string, error) {
	kind, name, _ := strings.Cut(one, " ")
	if kind == "table" {
		return rows(ctx, tx, name, "true", "rows")
	}
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return 0, "", errors.New("it is neither a table nor a column")
	}
	column := pgx.Identifier{name[i+1:]}.Sanitize()
	var other *string // than the default
	err := tx.QueryRow(ctx, `SELECT 'IS DISTINCT FROM (' || pg_get_expr(d.adbin, d.adrelid) || ')' FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped`, name[:i], name[i+1:]).Scan(&other)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, "", nil
	case err != nil:
		return 0, "", err
	case other == nil:
		return rows(ctx, tx, name[:i], column+" IS NOT NULL", "values")
	}
	return rows(ctx, tx, name[:i], column+" "+*other, "values")
}

// rows counts up to enough. The name of the table is the catalog's own, quoted.
func rows(ctx context.Context, tx pgx.Tx, name, condition, unit string) (n int, _ string, err error) {
	var table *string
	if err := tx.QueryRow(ctx, `SELECT to_regclass($1)::text`, name).Scan(&table); err != nil || table == nil {
		return 0, unit, err
	}
	err = tx.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT FROM %s WHERE %s LIMIT %d) AS found`, *table, condition, enough)).Scan(&n)
	return n, unit, err
}
