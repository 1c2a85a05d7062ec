package corpus

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rows is how many rows a table is filled with: enough that a scan is one, and few
// enough for thousands of files.
const rows = 1000

// few is how many rows a table has whose scans are not compared: a part of it may be
// all of it.
const few = 100

// filler keeps rows in the tables of a project. A value depends on the number of its
// row alone, so that what points to another table finds it there.
type filler struct {
	conn   *pgx.Conn
	filled map[uint32]string // table to the columns that it was filled for
}

// table is one that can be filled.
type table struct {
	oid       uint32
	name      string
	signature string
	empty     bool
}

// column is one that can be given a value.
type column struct {
	name, kind, category string
	required             bool
	size                 int      // in characters; 0 for any
	checks               string   // of which the column is a part
	labels               []string // of its enum
}

// fill gives rows to tables that have none, and to those whose columns have changed
// since. A table that takes no rows stays empty.
func (f *filler) fill(ctx context.Context) error {
	tables, err := f.tables(ctx)
	if err != nil {
		return fmt.Errorf("list tables to fill: %w", err)
	}
	for _, t := range tables {
		before, ours := f.filled[t.oid]
		if ours && before == t.signature || !ours && !t.empty {
			continue
		}
		columns, err := f.columns(ctx, t.oid)
		if err != nil {
			return fmt.Errorf("read columns of %s: %w", t.name, err)
		}
		f.replace(ctx, t.name, columns)
		f.filled[t.oid] = t.signature
	}
	return nil
}

// replace tries values for every column, then for those that must have one.
func (f *filler) replace(ctx context.Context, name string, columns []column) {
	for _, least := range []bool{false, true} {
		var names, values []string
		for _, c := range columns {
			if c.required || !least {
				names, values = append(names, pgx.Identifier{c.name}.Sanitize()), append(values, c.value())
			}
		}
		insert := fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM generate_series(1, %d) i ON CONFLICT DO NOTHING", name, strings.Join(names, ", "), strings.Join(values, ", "), rows)
		if len(names) > 0 && execute(ctx, f.conn, "BEGIN; DELETE FROM "+name+"; "+insert+"; COMMIT") == nil {
			return
		}
		_ = execute(ctx, f.conn, "ROLLBACK") // of what the failed insert has left
	}
}

// clear takes back what was filled in.
func (f *filler) clear(ctx context.Context) error {
	tables, err := f.tables(ctx)
	if err != nil {
		return fmt.Errorf("list filled tables: %w", err)
	}
	for _, t := range tables {
		if _, ours := f.filled[t.oid]; ours {
			_ = execute(ctx, f.conn, "DELETE FROM "+t.name) // what stays is seen when the file runs
			f.filled[t.oid] = ""                            // to fill it again
		}
	}
	return nil
}

func (f *filler) tables(ctx context.Context) ([]table, error) {
	rows, err := f.conn.Query(ctx, `SELECT c.oid, c.oid::regclass::text,
			coalesce((SELECT string_agg(a.attname || a.atttypid || a.atttypmod || a.attnotnull, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
				|| coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'), ''),
			pg_relation_size(c.oid) = 0
		FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN `+ofProject)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.oid, &t.name, &t.signature, &t.empty)
	})
}

func (f *filler) columns(ctx context.Context, of uint32) ([]column, error) {
	rows, err := f.conn.Query(ctx, `SELECT a.attname, b.oid::regtype::text, b.typcategory::text, a.attnotnull AND NOT a.atthasdef,
			CASE WHEN b.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, t.typtypmod) > 4 THEN greatest(a.atttypmod, t.typtypmod) - 4 ELSE 0 END,
			coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contype = 'c' AND (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey) OR k.contypid = t.oid)), ''),
			coalesce((SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid), '{}')
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
		WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`, of)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		return c, row.Scan(&c.name, &c.kind, &c.category, &c.required, &c.size, &c.checks, &c.labels)
	})
}

var (
	literal = regexp.MustCompile(`'([^']+)'::`)
	octets  = regexp.MustCompile(`octet_length\((\w+)\) = (\d+)`)
)

// value is the expression of a column's value in row i.
func (c column) value() string {
	switch allowed := c.allowed(); {
	case len(allowed) > 0:
		return fmt.Sprintf("(ARRAY['%s'])[1 + i %% %d]::%s", strings.Join(allowed, "', '"), len(allowed), c.kind)
	case c.category == "N":
		return "(i % 32000)::" + c.kind
	case c.category == "S" && c.size > 0:
		return fmt.Sprintf("left(i::text, %d)", c.size)
	case c.category == "S":
		return "i::text::" + c.kind
	}
	return c.special()
}

// allowed are the values that an enum has, or that the checks of a text name.
func (c column) allowed() []string {
	if c.category != "S" {
		return c.labels
	}
	var all []string
	for _, match := range literal.FindAllStringSubmatch(c.checks, -1) {
		all = append(all, match[1])
	}
	return all
}

// values are those of types that are neither numbers nor texts.
var values = map[string]string{
	"boolean": "i % 2 = 0", "uuid": "md5(i::text)::uuid", "json": "'{}'::json", "jsonb": "'{}'::jsonb",
	"inet": "'10.0.0.0'::inet + i", "cidr": "'10.0.0.0/8'::cidr", "interval": "i * interval '1 second'", "tsvector": "''::tsvector",
	"date": "date '2026-01-01' + i", "time without time zone": "time '12:00'",
	"timestamp without time zone": "timestamp '2026-01-01' + i * interval '1 minute'", "timestamp with time zone": "timestamptz '2026-01-01' + i * interval '1 minute'",
}

func (c column) special() string {
	if v := values[c.kind]; v != "" {
		return v
	}
	size := "16"
	for _, match := range octets.FindAllStringSubmatch(c.checks, -1) {
		if match[1] == c.name {
			size = match[2]
		}
	}
	switch {
	case c.kind == "bytea":
		return "substring(decode(repeat(md5(i::text), 8), 'hex') FOR " + size + ")"
	case c.category == "A":
		return "'{}'::" + c.kind
	}
	return "NULL"
}
