package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Catalogue reads what the review of migrations has to know of the database: its
// tables with their columns, keys, checks and sizes, its indexes, domains, enums and
// functions.
// It reads the catalog only, in one snapshot.
func (d *Database) Catalogue(ctx context.Context) (*review.Schema, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	conn, err := d.connect(ctx, "bluegreen review", asking)
	if err != nil {
		return nil, err
	}
	defer shut(ctx, conn)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	c := catalogue{tx: tx, schema: review.NewSchema("the catalog of the database")}
	for _, read := range []func(context.Context) error{c.tables, c.parents, c.columns, c.triggers, c.constraints, c.indexes, c.types, c.routines, c.zone} {
		if err := read(ctx); err != nil {
			return nil, fmt.Errorf("read catalog: %w", err)
		}
	}
	c.schema.Complete = true
	return c.schema, nil
}

type catalogue struct {
	tx     pgx.Tx
	schema *review.Schema
}

// plainSchema leaves out the schema that everybody means, as the review does.
const plainSchema = `CASE n.nspname WHEN 'public' THEN '' WHEN 'pg_catalog' THEN '' ELSE n.nspname END`

const ofUsers = ` n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%' `

// each runs a query and calls add after every row was scanned into what it points to.
func (c catalogue) each(ctx context.Context, sql string, into []any, add func()) error {
	rows, err := c.tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, into, func() error { add(); return nil })
	return err
}

func (c catalogue) tables(ctx context.Context) error {
	var n review.Name
	var rows float64
	var view bool
	return c.each(ctx, `SELECT `+plainSchema+`, c.relname, greatest(c.reltuples, (SELECT s.n_live_tup FROM pg_stat_all_tables s WHERE s.relid = c.oid AND c.reltuples < 0 AND s.n_live_tup > 0), -1)::float8, c.relkind = 'v'
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND`+ofUsers, []any{&n.Schema, &n.Name, &rows, &view}, func() {
		t := review.NewTable()
		t.Rows, t.View = rows, view
		c.schema.Tables[n] = t
	})
}

// parents reads what tables are partitions of, or inherit from.
func (c catalogue) parents(ctx context.Context) error {
	var n, parent review.Name
	return c.each(ctx, `SELECT `+plainSchema+`, c.relname, CASE m.nspname WHEN 'public' THEN '' ELSE m.nspname END, p.relname
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace m ON m.oid = p.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f') AND`+ofUsers+`ORDER BY i.inhrelid, i.inhseqno`, []any{&n.Schema, &n.Name, &parent.Schema, &parent.Name}, func() {
		c.schema.Tables[n].Parents = append(c.schema.Tables[n].Parents, parent)
	})
}

func (c catalogue) columns(ctx context.Context) error {
	var n review.Name
	var column string
	var f review.Fact
	var mods []int32
	return c.each(ctx, `SELECT `+plainSchema+`, c.relname, a.attname, a.attnotnull,
			CASE m.nspname WHEN 'public' THEN '' WHEN 'pg_catalog' THEN '' ELSE m.nspname END, coalesce(e.typname, t.typname), e.oid IS NOT NULL,
			CASE WHEN a.atttypmod < 0 THEN '{}'::int[]
				WHEN coalesce(e.typname, t.typname) IN ('varchar', 'bpchar') THEN ARRAY[a.atttypmod - 4]
				WHEN coalesce(e.typname, t.typname) = 'numeric' THEN ARRAY[(a.atttypmod - 4) >> 16, (a.atttypmod - 4) & 65535]
				WHEN coalesce(e.typname, t.typname) = 'interval' THEN '{}'::int[]
				ELSE ARRAY[a.atttypmod] END
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
			JOIN pg_namespace m ON m.oid = coalesce(e.typnamespace, t.typnamespace)
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND`+ofUsers,
		[]any{&n.Schema, &n.Name, &column, &f.NotNull, &f.Type.Name.Schema, &f.Type.Name.Name, &f.Type.Array, &mods}, func() {
			fact := f
			fact.Type.Mods = nil
			for _, m := range mods {
				fact.Type.Mods = append(fact.Type.Mods, int(m))
			}
			c.schema.Tables[n].Columns[column] = &fact
		})
}

// triggers reads their names, and those of rules and policies.
func (c catalogue) triggers(ctx context.Context) error {
	var n review.Name
	var names []string
	return c.each(ctx, `SELECT `+plainSchema+`, c.relname, array_agg(x.name::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN (SELECT tgrelid, tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT polrelid, polname FROM pg_policy UNION ALL SELECT ev_class, rulename FROM pg_rewrite) x(relid, name) ON x.relid = c.oid
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND`+ofUsers+` GROUP BY 1, 2`, []any{&n.Schema, &n.Name, &names}, func() {
		c.schema.Tables[n].Triggers = names
		names = nil
	})
}

var kinds = map[string]review.Kind{"c": review.Check, "f": review.Foreign, "u": review.Unique, "p": review.Primary, "x": review.Exclusion}

// constraints reads them with their columns. A check proves a column not null when
// that is all that it says.
func (c catalogue) constraints(ctx context.Context) error {
	var n review.Name
	var k review.Constraint
	var kind string
	return c.each(ctx, `SELECT `+plainSchema+`, c.relname, k.conname, k.contype::text, NOT k.convalidated,
			coalesce((SELECT array_agg(a.attname::text ORDER BY o.i) FROM unnest(k.conkey) WITH ORDINALITY o(num, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.num), '{}'),
			coalesce((SELECT CASE r.nspname WHEN 'public' THEN '' ELSE r.nspname END FROM pg_class f JOIN pg_namespace r ON r.oid = f.relnamespace WHERE f.oid = k.confrelid), ''),
			coalesce((SELECT f.relname::text FROM pg_class f WHERE f.oid = k.confrelid), ''),
			coalesce((SELECT array_agg(a.attname::text ORDER BY o.i) FROM unnest(k.confkey) WITH ORDINALITY o(num, i) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.num), '{}'),
			coalesce((SELECT a.attname::text FROM pg_attribute a WHERE k.contype = 'c' AND a.attrelid = k.conrelid AND cardinality(k.conkey) = 1 AND a.attnum = k.conkey[1]
				AND pg_get_constraintdef(k.oid) ~ '^CHECK \(\(.* IS NOT NULL\)\)' AND pg_get_constraintdef(k.oid) !~ ' (AND|OR) '), '')
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE k.contype IN ('c', 'f', 'u', 'p', 'x') AND c.relkind IN ('r', 'p', 'f') AND`+ofUsers,
		[]any{&n.Schema, &n.Name, &k.Name, &kind, &k.NotValid, &k.Columns, &k.Ref.Schema, &k.Ref.Name, &k.RefKey, &k.Proves}, func() {
			k.Kind = kinds[kind]
			t := c.schema.Tables[n]
			t.Constraints[k.Name] = k
			if k.Kind == review.Primary {
				t.Primary = k.Columns
			}
			k.Columns, k.RefKey = nil, nil // the next row has lists of its own
		})
}

func (c catalogue) indexes(ctx context.Context) error {
	var index, table review.Name
	var keys []string
	return c.each(ctx, `SELECT `+plainSchema+`, x.relname, CASE m.nspname WHEN 'public' THEN '' ELSE m.nspname END, c.relname,
			coalesce((SELECT array_agg(coalesce(a.attname::text, '') ORDER BY o.i) FROM unnest(i.indkey) WITH ORDINALITY o(num, i)
				LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = o.num AND o.num > 0 WHERE o.i <= i.indnkeyatts), '{}')
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
			JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace m ON m.oid = c.relnamespace WHERE`+ofUsers,
		[]any{&index.Schema, &index.Name, &table.Schema, &table.Name, &keys}, func() {
			c.schema.Indexes[index] = table
			c.schema.Keys[index] = keys
			keys = nil
		})
}

func (c catalogue) types(ctx context.Context) error {
	var n review.Name
	var kind string
	var checked bool
	return c.each(ctx, `SELECT `+plainSchema+`, t.typname, t.typtype::text, t.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid)
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('d', 'e') AND`+ofUsers,
		[]any{&n.Schema, &n.Name, &kind, &checked}, func() {
			if kind == "d" {
				c.schema.Domains[n] = checked
			} else {
				c.schema.Enums[n] = true
			}
		})
}

// routines reads the functions and procedures, with the code of those whose code is
// SQL. What an extension declares to change nothing is taken at its word.
func (c catalogue) routines(ctx context.Context) error {
	var f review.Routine
	var readable bool
	return c.each(ctx, `SELECT `+plainSchema+`, p.proname,
			coalesce((SELECT string_agg(CASE WHEN m.nspname IN ('public', 'pg_catalog') THEN '' ELSE m.nspname || '.' END || coalesce(e.typname || '[]', t.typname), ', ' ORDER BY o.i)
				FROM unnest(p.proargtypes) WITH ORDINALITY o(id, i) JOIN pg_type t ON t.oid = o.id LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
				JOIN pg_namespace m ON m.oid = coalesce(e.typnamespace, t.typnamespace)), ''),
			p.provolatile <> 'v', r.readable, CASE WHEN r.readable THEN pg_get_functiondef(p.oid) ELSE '' END
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang,
			LATERAL (SELECT l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p') AND NOT (p.provolatile <> 'v'
				AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))) r(readable)
		WHERE p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND`+ofUsers,
		[]any{&f.Name.Schema, &f.Name.Name, &f.Arguments, &f.Calm, &readable, &f.Definition}, func() {
			one := f
			if !readable {
				one.Opaque = review.Compiled
			}
			c.schema.Routines[one.Name] = append(c.schema.Routines[one.Name], &one)
		})
}

// zone reads the time zone that a session begins with.
func (c catalogue) zone(ctx context.Context) error {
	return c.tx.QueryRow(ctx, `SELECT upper(current_setting('timezone')) IN ('UTC', 'ETC/UTC', 'GMT', 'UCT', 'ZULU')`).Scan(&c.schema.UTC)
}
