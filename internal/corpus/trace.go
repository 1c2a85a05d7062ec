package corpus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// ofProject are the schemas that a project may use.
const ofProject = `(SELECT n.oid FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')`

// relation is a table or view as it is before a file.
type relation struct {
	name    review.Name
	kind    string
	node    uint32          // where its rows are on the disk
	rows    int64           // that it has
	indexes map[uint32]bool // where those are
}

// look reads the relations that are there.
func look(ctx context.Context, conn *pgx.Conn) (map[uint32]*relation, error) {
	list, err := conn.Query(ctx, `SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname END, c.relname, c.relkind::text, coalesce(pg_relation_filenode(c.oid), 0),
			coalesce((xpath('/row/c/text()', query_to_xml(CASE WHEN c.relkind = 'r' THEN 'SELECT count(*) AS c FROM ' || c.oid::regclass END, false, true, '')))[1]::text::bigint, 0)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'v') AND c.relnamespace IN `+ofProject)
	if err != nil {
		return nil, err
	}
	all, oid, r := map[uint32]*relation{}, uint32(0), relation{}
	if _, err := pgx.ForEachRow(list, []any{&oid, &r.name.Schema, &r.name.Name, &r.kind, &r.node, &r.rows}, func() error {
		one := r
		one.indexes = map[uint32]bool{}
		all[oid] = &one
		return nil
	}); err != nil {
		return nil, err
	}
	return all, indexes(ctx, conn, func(table, node uint32) {
		if r := all[table]; r != nil {
			r.indexes[node] = true
		}
	})
}

// querier is a connection, or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func indexes(ctx context.Context, q querier, add func(table, node uint32)) error {
	list, err := q.Query(ctx, `SELECT i.indrelid, coalesce(pg_relation_filenode(i.indexrelid), 0) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace IN `+ofProject)
	if err != nil {
		return err
	}
	var table, node uint32
	_, err = pgx.ForEachRow(list, []any{&table, &node}, func() error { add(table, node); return nil })
	return err
}

// sight is what was seen of a file.
type sight struct {
	facts
	before    map[uint32]*relation
	truncates bool
	was       map[review.Name]review.Name // the first name of tables that were renamed
}

// old leaves out the new names that an old table had.
func (s *sight) old(was map[review.Name]review.Name) map[review.Name]review.Name {
	for _, r := range s.before {
		delete(was, r.name)
	}
	return was
}

// trace runs statements in a transaction and reads what they have done to the
// relations that were there. It commits.
func trace(ctx context.Context, conn *pgx.Conn, sql string, before map[uint32]*relation) (*sight, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := execute(ctx, conn, sql); err != nil {
		return nil, err
	}
	seen := &sight{facts: facts{}, before: before, truncates: strings.Contains(strings.ToLower(sql), "truncate")}
	for _, read := range []func(context.Context, querier) error{seen.locks, seen.work, seen.builds} {
		if err := read(ctx, tx); err != nil {
			return nil, fmt.Errorf("read what was done: %w", err)
		}
	}
	seen.settle()
	return seen, tx.Commit(ctx)
}

var modes = map[string]review.Mode{
	"ShareLock": review.Share, "ShareRowExclusiveLock": review.ShareRowExclusive, "ExclusiveLock": review.Exclusive, "AccessExclusiveLock": review.AccessExclusive,
}

func (s *sight) locks(ctx context.Context, q querier) error {
	list, err := q.Query(ctx, `SELECT relation, mode FROM pg_locks WHERE locktype = 'relation' AND granted AND pid = pg_backend_pid() AND mode = ANY ($1)`, slices.Collect(maps.Keys(modes)))
	if err != nil {
		return err
	}
	var oid uint32
	var mode string
	_, err = pgx.ForEachRow(list, []any{&oid, &mode}, func() error {
		if r := s.before[oid]; r != nil {
			s.lock(r.name, modes[mode])
		}
		return nil
	})
	return err
}

// work finds what was written again and what was read as a whole. A table that was
// emptied has another place on the disk as well.
func (s *sight) work(ctx context.Context, q querier) error {
	list, err := q.Query(ctx, `SELECT o.oid, coalesce(pg_relation_filenode(o.oid), 0), coalesce(pg_relation_size(o.oid), 0) = 0, coalesce(pg_stat_get_xact_tuples_returned(o.oid), 0)
		FROM unnest($1::oid[]) o(oid)`, slices.Collect(maps.Keys(s.before)))
	if err != nil {
		return err
	}
	var oid, node uint32
	var empty bool
	var read int64
	_, err = pgx.ForEachRow(list, []any{&oid, &node, &empty, &read}, func() error {
		r := s.before[oid]
		if node != 0 && node != r.node && !(s.truncates && empty) {
			s.add(Rewrite, r.name)
		}
		if r.rows >= few && read >= r.rows {
			s.add(Scan, r.name)
		}
		return nil
	})
	return err
}

// builds finds the indexes that were made, or made again: one that is taken over stays
// where it is, and those of a table that was emptied do not count.
func (s *sight) builds(ctx context.Context, q querier) error {
	return indexes(ctx, q, func(table, node uint32) {
		if r := s.before[table]; r != nil && !r.indexes[node] && !s.truncates {
			s.add(Build, r.name)
		}
	})
}

// execute runs statements as golang-migrate sends them: in one message.
func execute(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}
