package postgres

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// glance is what one look has seen of one relation.
type glance struct {
	name     review.Name
	mode     review.Mode
	node     uint32
	returned int64 // rows that scans of the whole table have read so far
	added    int64 // rows that were inserted so far
	changed  int64 // rows that were updated and deleted so far
}

// glances are what all looks have seen, and when.
type glances struct {
	seen map[int]map[uint32]glance
	at   map[int]time.Time
	was  map[uint32]glance // before the file
}

func (s *scratch) glances(ctx context.Context) (glances, error) {
	all := glances{map[int]map[uint32]glance{}, map[int]time.Time{}, map[uint32]glance{}}
	rows, err := s.conn.Query(ctx, `SELECT s.n, s.oid, coalesce(b.schema, ''), coalesce(b.name, ''), s.modes, s.node, coalesce(b.node, 0), s.returned, s.added, s.changed, s.at
		FROM `+tracing+`.seen s LEFT JOIN `+tracing+`.before b ON b.oid = s.oid`)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var oid, before uint32
		var modes []string
		var at time.Time
		var g glance
		if err := rows.Scan(&n, &oid, &g.name.Schema, &g.name.Name, &modes, &g.node, &before, &g.returned, &g.added, &g.changed, &at); err != nil {
			return all, err
		}
		if oid == 0 {
			all.at[n] = at
			continue
		}
		g.mode = strongest(modes)
		if all.seen[n] == nil {
			all.seen[n] = map[uint32]glance{}
		}
		all.seen[n][oid] = g
		if _, known := all.was[oid]; !known {
			all.was[oid] = glance{node: before}
		}
	}
	return all, rows.Err()
}

// read turns the looks into what each statement did.
func (s *scratch) read(ctx context.Context, script migration.Script) ([]migration.Traced, error) {
	all, err := s.glances(ctx)
	if err != nil || len(all.at) == 0 {
		return nil, err
	}
	for oid, g := range all.seen[start] {
		g.node, g.mode = all.was[oid].node, 0
		all.was[oid] = g
	}
	looks := slices.Sorted(maps.Keys(all.at))
	end := all.at[looks[len(looks)-1]]
	var list []migration.Traced
	for i, n := range looks[1:] {
		began := all.at[looks[i]]
		t := migration.Traced{Place: n, Line: script.Statements[n].Line, Took: all.at[n].Sub(began)}
		for oid, g := range all.seen[n] {
			note(&t, g, all.was[oid])
			all.was[oid] = g
		}
		list = append(list, held(t, end.Sub(began)))
	}
	return list, nil
}

// note adds what has become of a relation since the last look.
func note(t *migration.Traced, now, was glance) {
	e := &t.Effect
	if now.mode > was.mode {
		e.Locks = append(e.Locks, review.Lock{On: now.name, Mode: now.mode})
	}
	if now.node != was.node && now.node != 0 { // one that is gone was not written again
		e.Rewrites = append(e.Rewrites, now.name)
	}
	if now.returned > was.returned {
		e.Scans = append(e.Scans, now.name)
	}
	rows := review.Touched{On: now.name, Read: now.returned - was.returned, Added: max(0, now.added-was.added), Changed: max(0, now.changed-was.changed)} // a TRUNCATE begins to count anew
	if rows.Read+rows.Added+rows.Changed > 0 {
		t.Rows = append(t.Rows, rows)
	}
}

// held puts the parts in order, and says how long the locks were there.
func held(t migration.Traced, until time.Duration) migration.Traced {
	byName := func(a, b review.Name) int { return cmp.Compare(a.String(), b.String()) }
	slices.SortFunc(t.Effect.Locks, func(a, b review.Lock) int { return byName(a.On, b.On) })
	slices.SortFunc(t.Effect.Rewrites, byName)
	slices.SortFunc(t.Effect.Scans, byName)
	slices.SortFunc(t.Rows, func(a, b review.Touched) int { return byName(a.On, b.On) })
	if len(t.Effect.Locks) > 0 {
		t.Held = until
	}
	return t
}

var modes = map[string]review.Mode{
	"AccessShareLock": review.AccessShare, "RowShareLock": review.RowShare, "RowExclusiveLock": review.RowExclusive, "ShareUpdateExclusiveLock": review.ShareUpdateExclusive,
	"ShareLock": review.Share, "ShareRowExclusiveLock": review.ShareRowExclusive, "ExclusiveLock": review.Exclusive, "AccessExclusiveLock": review.AccessExclusive,
}

func strongest(names []string) (top review.Mode) {
	for _, name := range names {
		top = max(top, modes[name])
	}
	return top
}
