package review

import (
	"slices"
	"strings"
)

func (s *scene) objectEffect(e *Effect, a Act) {
	switch a.Op {
	case CreateIndex:
		if a.Concurrently {
			e.lock(a.On, ShareUpdateExclusive)
		} else {
			e.lock(a.On, Share)
			if _, there := s.schema.Indexes[Name{a.On.Schema, a.Called}]; !there || !a.Lenient {
				e.Builds = append(e.Builds, a.On)
			}
		}
	case DropIndex:
		mode := AccessExclusive
		if a.Concurrently {
			mode = ShareUpdateExclusive
		}
		e.lock(s.schema.Indexes[a.On], mode)
		if a.Cascade {
			s.loosen(e, s.schema.Indexes[a.On], s.schema.Keys[a.On]...)
		}
	case CreateTrigger:
		e.lock(a.On, ShareRowExclusive)
	case DropTrigger:
		e.lock(a.On, AccessExclusive)
	case AttachPartition:
		e.lock(a.On, ShareUpdateExclusive)
		e.lock(a.Others[0], AccessExclusive)
		e.Scans = append(e.Scans, a.Others[0])
	case DetachPartition:
		mode := AccessExclusive
		if a.Concurrently {
			mode = ShareUpdateExclusive
		}
		e.lock(a.On, mode)
		e.lock(a.Others[0], mode)
	case Reindex:
		mode := Share
		if a.Concurrently {
			mode = ShareUpdateExclusive
		}
		on := a.On
		if a.To == "index" {
			on = s.schema.Indexes[a.On]
		}
		e.lock(on, mode)
		if !a.Concurrently {
			e.Builds = append(e.Builds, on)
		}
	case Cluster:
		e.lock(a.On, AccessExclusive)
		e.Rewrites = append(e.Rewrites, a.On)
	case FullVac:
		for _, n := range a.Others {
			e.lock(n, AccessExclusive)
			e.Rewrites = append(e.Rewrites, n)
		}
	case RefreshMatView:
		mode := AccessExclusive
		if a.Concurrently {
			mode = Exclusive
		}
		e.lock(a.On, mode)
		e.Rewrites = append(e.Rewrites, a.On)
	}
}

func (s *scene) rowEffect(e *Effect, a Act) {
	switch a.Op {
	case Update, Delete, Merge:
		e.lock(a.On, RowExclusive)
		if !s.found(a) {
			e.Scans = append(e.Scans, a.On)
		}
	case Insert:
		e.lock(a.On, RowExclusive)
	case LockRows:
		e.lock(a.On, RowShare)
		return
	case Select:
	default:
		return
	}
	if a.Bounded == "" || !s.single(a) {
		e.Scans = append(e.Scans, s.tables(a.Reads)...)
	}
	if a.Op == Delete {
		e.Scans = append(e.Scans, s.searched(a.On)...)
	}
}

// searched are the tables in which PostgreSQL looks, for each row that is deleted, for
// rows that point to it, without an index that leads there.
func (s *scene) searched(to Name) []Name {
	var all []Name
	for _, n := range s.schema.referencing(to) {
		for _, c := range s.schema.Tables[n].Constraints {
			if c.Kind == Foreign && c.Ref == to && !s.covered(n, c.Columns) {
				all = append(all, n)
				break
			}
		}
	}
	return all
}

// found tells whether an index leads to the rows.
func (s *scene) found(a Act) bool {
	return slices.ContainsFunc(a.narrowed(), func(column string) bool { return s.covered(a.On, []string{column}) })
}

// narrowed are the columns of which the WHERE lets few values through.
func (a Act) narrowed() []string {
	if a.Bounded == "" {
		return a.Keyed
	}
	return append(slices.Clone(a.Keyed), a.Bounded)
}

// whole are the types of which a range has as many values as its ends are apart.
var whole = []string{"int2", "int4", "int8"}

// single tells whether the rows are those of given keys, as far as is known: of
// values, or of a range of whole numbers.
func (s *scene) single(a Act) bool {
	t := s.schema.Tables[a.On]
	if t == nil {
		return false
	}
	given := a.Keyed
	if f := t.Columns[a.Bounded]; f != nil && !f.Type.Array && (f.Type.Serial() || slices.Contains(whole, f.Type.Name.String())) {
		given = a.narrowed()
	}
	for _, c := range t.Constraints {
		if (c.Kind == Primary || c.Kind == Unique) && len(c.Columns) > 0 && !slices.ContainsFunc(c.Columns, func(column string) bool { return !slices.Contains(given, column) }) {
			return true
		}
	}
	return false
}

// tables leaves out the views, of which it is not known what they read, and
// PostgreSQL's own catalogs.
func (s *scene) tables(names []Name) []Name {
	var all []Name
	for _, n := range names {
		if n.Schema == "information_schema" || n.Schema == "" && strings.HasPrefix(n.Name, "pg_") {
			continue
		}
		if t := s.schema.Tables[n]; t != nil && !t.View || t == nil && !s.schema.Complete {
			all = append(all, n)
		}
	}
	return all
}
