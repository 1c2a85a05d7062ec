package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// made lists what the catalog has from one transaction: rows that it wrote are
// marked with its number. Columns are listed where the table was there before.
const made = `
	WITH t AS (SELECT (transaction & 4294967295)::text::xid AS x FROM %s WHERE versions = $1 AND version = $2)
	SELECT * FROM (
		SELECT CASE c.relkind WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index ' WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view '
			WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || c.oid::regclass FROM pg_class c, t
			WHERE c.xmin = t.x AND c.relkind NOT IN ('t', 'c') AND c.relnamespace <> 'pg_toast'::regnamespace AND c.relname <> ALL ($3)
		UNION ALL
		SELECT 'column ' || a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, t
			WHERE a.xmin = t.x AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (SELECT FROM pg_type y WHERE y.oid = c.reltype AND y.xmin = t.x)
		UNION ALL
		SELECT 'function ' || p.oid::regprocedure FROM pg_proc p, t WHERE p.xmin = t.x
		UNION ALL
		SELECT 'type ' || y.oid::regtype FROM pg_type y, t WHERE y.xmin = t.x AND y.typtype IN ('e', 'd', 'r')
		UNION ALL
		SELECT 'constraint ' || k.conname FROM pg_constraint k, t WHERE k.xmin = t.x AND k.contype IN ('c', 'f')
	) AS o(name) ORDER BY 1 LIMIT 50`

// objects lists what the catalog has from the file of a version.
func (s *session) objects(ctx context.Context, v migration.Version) ([]string, error) {
	ours := []string{migration.Journal, migration.Fills, s.db.settings.Table}
	ctx, cancel := apart(ctx)
	defer cancel()
	rows, err := s.lock.Query(ctx, fmt.Sprintf(made, s.journal()), s.db.settings.Table, v, ours)
	if err != nil {
		return nil, fmt.Errorf("list objects of version %v: %w", v, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
