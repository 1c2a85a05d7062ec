package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The two ways to a name: of an index to make, in the schema of its table, where
// it will be; of one to drop, by the search path. Each returns whether it is an
// index, of the right table, and valid.
const (
	madeIndex = `SELECT coalesce(x.indrelid = t.oid, false), coalesce(x.indisvalid, false)
		FROM pg_class t JOIN pg_class c USING (relnamespace) LEFT JOIN pg_index x ON x.indexrelid = c.oid
		WHERE t.oid = to_regclass($1) AND c.relname = $2`
	droppedIndex = `SELECT x.indexrelid IS NOT NULL, coalesce(x.indisvalid, false)
		FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid WHERE c.oid = to_regclass($1)`
)

// find looks up the index of a file.
func (s *session) find(ctx context.Context, i migration.Index) (migration.Found, error) {
	query, args := madeIndex, []any{sanitize(i.Schema, i.Table), i.Name}
	if i.Drop {
		query, args = droppedIndex, []any{sanitize(i.Schema, i.Name)}
	}
	ctx, cancel := apart(ctx)
	defer cancel()
	var right, valid bool
	err := s.lock.QueryRow(ctx, query, args...).Scan(&right, &valid)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return migration.Missing, nil
	case err != nil:
		return migration.Foreign, fmt.Errorf("look up index %v: %w", i, err)
	case !right:
		return migration.Foreign, nil
	case !valid:
		return migration.Broken, nil
	}
	return migration.Whole, nil
}

func sanitize(parts ...string) string {
	if len(parts) > 1 && parts[0] == "" {
		parts = parts[1:]
	}
	return pgx.Identifier(parts).Sanitize()
}

// clear refuses to start a file whose index cannot be made or dropped, before
// anything is marked.
func (s *session) clear(ctx context.Context, i migration.Index) error {
	found, err := s.find(ctx, i)
	if err != nil {
		return err
	}
	if clash := i.Clash(found); clash != "" {
		return release.Refuse("look where it comes from and drop or rename it, or change the file", "%s", clash)
	}
	return nil
}

// check looks at the index of a file that ended without an error, and marks the
// file again when the index is not as it should be: IF NOT EXISTS is content with
// a broken one.
func (s *session) check(ctx context.Context, m *migrator, step migration.Step) error {
	if step.Up.Script.Nature != migration.Indexes {
		return nil
	}
	i := step.Up.Script.Index
	found, err := s.find(ctx, i)
	if err == nil && (found == migration.Whole) != i.Drop && (found == migration.Missing) == i.Drop {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the index %v is not as the file wants it", i)
	}
	return errors.Join(err, m.driver.SetVersion(int(step.Version), true))
}

// dropBroken drops what a failed concurrent build has left.
func (s *session) dropBroken(ctx context.Context, i migration.Index) error {
	found, err := s.find(ctx, i)
	if err != nil || found != migration.Broken {
		return err
	}
	var schema string
	err = s.lock.QueryRow(ctx, `SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass($1)`, sanitize(i.Schema, i.Table)).Scan(&schema)
	if err != nil {
		return fmt.Errorf("look up table of index %v: %w", i, err)
	}
	// Its own connection: the statement may wait for old transactions longer than
	// the session's may.
	conn, err := s.db.connect(ctx, "bluegreen migrate "+string(s.id), parameters{"lock_timeout": "0", "statement_timeout": milliseconds(s.limit(migration.Indexes))})
	if err != nil {
		return err
	}
	defer shut(ctx, conn)
	if _, err := conn.Exec(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+schema+`.`+sanitize(i.Name)); err != nil {
		return fmt.Errorf("drop broken index %v: %w", i, ended(ctx, err))
	}
	return nil
}
