package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// measured is a table whose rows are measured.
type measured struct {
	name    review.Name
	sql     string   // its name, quoted
	columns []string // in the order of the table
}

const toMeasure = `
	SELECT ` + plainSchema + `, c.relname, format('%I.%I', n.nspname, c.relname),
		coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '{}')
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> $1 AND c.relname <> ALL ($2) AND` + ofUsers + `ORDER BY 3`

// Holdings measures every table that is not known.
func (s *scratch) Holdings(ctx context.Context, known migration.Holdings) (migration.Holdings, error) {
	rows, err := s.conn.Query(ctx, toMeasure, tracing, s.db.ours())
	if err != nil {
		return nil, s.gone(err)
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t measured, err error) {
		err = row.Scan(&t.name.Schema, &t.name.Name, &t.sql, &t.columns)
		return t, err
	})
	if err != nil {
		return nil, s.gone(err)
	}
	all := migration.Holdings{}
	for _, t := range tables {
		if have, there := known[t.name]; there {
			all[t.name] = have
			continue
		}
		if all[t.name], err = t.in(ctx, s.conn); err != nil {
			return nil, s.gone(fmt.Errorf("measure table %v: %w", t.name, err))
		}
	}
	return all, nil
}

// in counts the rows, and for each column the values that are not null. Their
// checksum does not depend on the order of the rows.
func (t measured) in(ctx context.Context, conn *pgx.Conn) (migration.Holding, error) {
	h := migration.Holding{Columns: map[string]migration.Values{}}
	counts, sums := []string{}, []string{}
	for _, c := range t.columns {
		name := pgx.Identifier{c}.Sanitize()
		counts = append(counts, "count("+name+")")
		sums = append(sums, `coalesce(sum(hashtextextended(`+name+`::text COLLATE "C", 0)::numeric), 0)::text`)
	}
	var n []int64
	var sum []string
	err := conn.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), ARRAY[%s]::bigint[], ARRAY[%s]::text[] FROM ONLY %s`,
		strings.Join(counts, ", "), strings.Join(sums, ", "), t.sql)).Scan(&h.Rows, &n, &sum)
	if err != nil {
		return h, err
	}
	for i, c := range t.columns {
		h.Columns[c] = migration.Values{Count: n[i], Sum: sum[i]}
	}
	return h, nil
}
