package postgres

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// everything lists what the decision about a way back compares, a line each. A
// rehearsal compares what pg_dump writes. On the live database that would not do: a
// rollback may come from a machine with another pg_dump, or with none. A test holds the
// two against each other.
//
//go:embed fingerprint.sql
var everything string

// reading stands in front of a fingerprint and says by which query it was read: two
// readings of one schema differ. Whoever changes what the query returns raises it.
const reading = "2:"

// current is a fingerprint, or "" when another version of this program has made it.
func current(print string) string {
	if strings.HasPrefix(print, reading) {
		return print
	}
	return ""
}

// written has PostgreSQL write names with their schemas, and values as everybody reads
// them, whatever the session is set to. To compile the query takes a hundred times as
// long as to run it.
const written = `SET LOCAL search_path = ''; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres';
	SET LOCAL extra_float_digits = 3; SET LOCAL quote_all_identifiers = off; SET LOCAL jit = off`

// ours are the tables that golang-migrate and this tool keep beside the schema.
func (d *Database) ours() []string {
	return []string{d.settings.Table, d.settings.Contract.Table, migration.Journal, migration.Holds, migration.Fills, leaseTable}
}

// fingerprint is one of the schema of the whole database.
func (s *session) fingerprint(ctx context.Context) (string, error) {
	ctx, cancel := apart(ctx)
	defer cancel()
	var lines []string
	err := pgx.BeginTxFunc(ctx, s.lock, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, written); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, everything, s.db.ours())
		if err == nil {
			lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read schema: %w", err)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return reading + hex.EncodeToString(sum[:]), nil
}
