package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// What the catalog has of a change, as a migration.Found; no row says that it is
// missing. An index to make is looked for in the schema of its table, where it will
// be; one to drop, by the search path.
const (
	madeIndex = `SELECT CASE WHEN x.indrelid IS DISTINCT FROM t.oid THEN 'foreign' WHEN x.indisvalid THEN 'whole' ELSE 'broken' END
		FROM pg_class t JOIN pg_class c USING (relnamespace) LEFT JOIN pg_index x ON x.indexrelid = c.oid
		WHERE t.oid = to_regclass($1) AND c.relname = $2`

	droppedIndex = `SELECT CASE WHEN x.indexrelid IS NULL THEN 'foreign' WHEN x.indisvalid THEN 'whole' ELSE 'broken' END
		FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid WHERE c.oid = to_regclass($1)`

	detached = `SELECT CASE WHEN i.inhrelid IS NULL THEN 'whole' WHEN i.inhdetachpending THEN 'broken' ELSE 'former' END
		FROM pg_class t CROSS JOIN pg_class p LEFT JOIN pg_inherits i ON i.inhparent = t.oid AND i.inhrelid = p.oid
		WHERE t.oid = to_regclass($1) AND p.oid = to_regclass($2)`

	// An index is rebuilt when its row is younger than the line of the journal: REINDEX
	// makes another index and gives it the name.
	rebuilt = rebuilding + `SELECT CASE WHEN bool_or(waste) THEN 'broken'
			WHEN bool_and(age(born) BETWEEN 0 AND (SELECT age(xmin) FROM %[1]s WHERE versions = $3 AND version = $4)) FILTER (WHERE meant) THEN 'whole' ELSE 'former' END
		FROM indexes HAVING to_regclass($2) IS NOT NULL AND $1 <> 'SCHEMA' OR to_regnamespace($2) IS NOT NULL AND $1 = 'SCHEMA'`
)

// rebuilding finds the indexes of $2, which is of the kind $1, of its partitions and
// of its values that are stored apart: those that REINDEX is meant to build again, and
// those that it leaves when it does not end. Of the latter, an index that the user may
// not name stays: only who owns the schema of toasts can drop it, and it is in the way
// of nothing.
const rebuilding = `WITH root AS (
		SELECT coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($2)), to_regclass($2)) AS oid WHERE $1 <> 'SCHEMA'),
	tables AS (SELECT oid FROM root UNION SELECT p.relid FROM root, pg_partition_tree(root.oid) p
		UNION SELECT oid FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = to_regnamespace($2) AND $1 = 'SCHEMA'),
	indexes AS (SELECT c.oid, c.relnamespace, c.relname, x.xmin AS born,
			NOT x.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND has_schema_privilege(c.relnamespace, 'USAGE') AS waste,
			c.relkind = 'i' AND x.indisvalid AND NOT x.indisexclusion AND ($1 <> 'INDEX' OR c.oid = to_regclass($2)
				OR c.oid IN (SELECT relid FROM pg_partition_tree(to_regclass($2)))) AS meant
		FROM pg_class t JOIN tables USING (oid) JOIN pg_index x ON x.indrelid IN (t.oid, t.reltoastrelid) JOIN pg_class c ON c.oid = x.indexrelid) `

// The statements that repair what a try has left.
const (
	unmade   = `SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s.%I', relnamespace::regnamespace, $2::text) FROM pg_class WHERE oid = to_regclass($1)`
	unwasted = rebuilding + `SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s.%I', relnamespace::regnamespace, relname) FROM indexes WHERE waste ORDER BY oid`
	ending   = `SELECT format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', to_regclass($1), to_regclass($2))`
)

// find looks up what the file of a version changes concurrently.
func (s *session) find(ctx context.Context, v migration.Version, c migration.Change) (migration.Found, error) {
	var query string
	var args []any
	switch c.Verb {
	case migration.Make:
		query, args = madeIndex, []any{sanitized(c.On), c.Name.Name}
	case migration.Drop:
		query, args = droppedIndex, []any{sanitized(c.Name)}
	case migration.Rebuild:
		query, args = fmt.Sprintf(rebuilt, s.journal()), []any{c.Kind, sanitized(c.Name), s.db.settings.Table, v}
	case migration.Detach:
		query, args = detached, []any{sanitized(c.On), sanitized(c.Name)}
	}
	ctx, cancel := apart(ctx)
	defer cancel()
	found := migration.Missing
	err := s.lock.QueryRow(ctx, query, args...).Scan(&found)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return migration.Foreign, fmt.Errorf("look up %v: %w", c, err)
	}
	return found, nil
}

// sanitized is the name as SQL has it, in quotes.
func sanitized(n review.Name) string { return sanitize(n.Schema, n.Name) }

func sanitize(parts ...string) string {
	if len(parts) > 1 && parts[0] == "" {
		parts = parts[1:]
	}
	return pgx.Identifier(parts).Sanitize()
}

// clear refuses to start a file whose change cannot be made, before anything is
// marked.
func (s *session) clear(ctx context.Context, step migration.Step) error {
	c := step.Up.Script.Change
	found, err := s.find(ctx, step.Version, c)
	if err != nil {
		return err
	}
	if clash := c.Clash(found); clash != "" {
		return release.Refuse("look where it comes from and drop or rename it, or change the file", "%s", clash)
	}
	return nil
}

// check looks at what a file that ended without an error has changed concurrently, and
// marks the file again when that is not as it should be: IF NOT EXISTS is content with
// a broken index.
func (s *session) check(ctx context.Context, m *migrator, step migration.Step) error {
	if step.Up.Script.Nature != migration.Concurrent {
		return nil
	}
	c := step.Up.Script.Change
	found, err := s.find(ctx, step.Version, c)
	if err == nil && c.Fits(found) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%v is not as the file wants it", c)
	}
	return errors.Join(err, m.driver.SetVersion(int(step.Version), true))
}

// repair takes away what a try that did not end has left, or ends it.
func (s *session) repair(ctx context.Context, v migration.Version, c migration.Change) error {
	found, err := s.find(ctx, v, c)
	if err != nil || found != migration.Broken {
		return err
	}
	switch c.Verb {
	case migration.Make:
		err = s.mend(ctx, "0", unmade, sanitized(c.On), c.Name.Name)
	case migration.Rebuild:
		err = s.mend(ctx, "0", unwasted, c.Kind, sanitized(c.Name))
	case migration.Detach:
		// It holds the partition against everybody while it waits for old transactions:
		// never for longer than a file may.
		err = s.mend(ctx, milliseconds(s.db.settings.LockTimeout), ending, sanitized(c.On), sanitized(c.Name))
	}
	if err != nil {
		return fmt.Errorf("repair what is left of %v: %w", c, err)
	}
	return nil
}

// mend runs the statements that a query returns, each until it has met no lock. It has
// a connection of its own: they may wait for old transactions longer than the
// session's may.
func (s *session) mend(ctx context.Context, lockTimeout, query string, args ...any) error {
	conn, err := s.db.connect(ctx, "bluegreen migrate "+string(s.id), parameters{"lock_timeout": lockTimeout, "statement_timeout": milliseconds(s.limit(migration.Concurrent))})
	if err != nil {
		return err
	}
	defer shut(ctx, conn)
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, sql := range statements {
		err = errors.Join(err, insist(ctx, func() error { _, err := conn.Exec(ctx, sql); return ended(ctx, err) }))
	}
	return err
}

// insist tries again for as long as what it tries meets a lock.
func insist(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || !atLock(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(poll):
		}
	}
}
