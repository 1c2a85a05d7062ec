package review

import "slices"

// effect says what one act locks, rewrites, scans and builds, on tables that were
// there before. The modes were read from pg_locks on a server, the rewrites from
// relfilenode; TestTheEffectsAreThoseThatAServerShows compares them again.
func (s *scene) effect(a Act) Effect {
	var e Effect
	if s.absent(a) {
		return e
	}
	for _, part := range []func(*Effect, Act){s.tableEffect, s.columnEffect, s.constraintEffect, s.objectEffect, s.rowEffect} {
		part(&e, a)
	}
	return s.old(e)
}

// absent tells whether a statement that may find nothing finds nothing: the catalog
// was read, and has nothing of that name in any schema.
func (s *scene) absent(a Act) bool {
	if t := s.schema.Tables[a.On]; a.Op == DropTrigger && a.Lenient && s.schema.Complete && t != nil {
		return !slices.Contains(t.Triggers, a.Called)
	}
	if !a.Lenient || !s.schema.Complete || !slices.Contains([]Op{DropTable, DropView, DropIndex, DropTrigger}, a.Op) {
		return false
	}
	for n := range s.schema.Tables {
		if n.Name == a.On.Name {
			return false
		}
	}
	for n := range s.schema.Indexes {
		if n.Name == a.On.Name {
			return false
		}
	}
	return true
}

// old leaves out what the files themselves have made.
func (s *scene) old(e Effect) Effect {
	var kept Effect
	keep := func(list []Name) (old []Name) {
		for _, n := range list {
			if n.Name != "" && !s.schema.fresh(n) {
				old = append(old, n)
			}
		}
		return old
	}
	for _, l := range e.Locks {
		if !s.schema.fresh(l.On) {
			kept.Locks = append(kept.Locks, l)
		}
	}
	kept.Rewrites, kept.Scans, kept.Builds = keep(e.Rewrites), keep(e.Scans), keep(e.Builds)
	return kept
}

// alterLocks are the locks of ALTER TABLE that are weaker than ACCESS EXCLUSIVE.
// Source: AlterTableGetLockLevel.
var alterLocks = map[Op]Mode{
	ValidateConstraint: ShareUpdateExclusive, TuneTable: ShareUpdateExclusive, ToggleTrigger: ShareRowExclusive,
	AttachPartition: ShareUpdateExclusive,
}

func (s *scene) tableEffect(e *Effect, a Act) {
	switch a.Op {
	case CreateTable:
		if a.Lenient && s.schema.Tables[a.On] != nil {
			return
		}
		for _, c := range a.Constraints {
			if c.Kind == Foreign && c.Ref != a.On {
				e.lock(c.Ref, ShareRowExclusive)
			}
		}
		for _, parent := range a.Others {
			if a.To == "partition" {
				e.lock(parent, AccessExclusive)
			} else {
				e.lock(parent, ShareUpdateExclusive)
			}
		}
	case DropTable:
		e.lock(a.On, AccessExclusive)
		if t := s.schema.Tables[a.On]; t != nil {
			for _, parent := range append(t.references(), t.Parents...) {
				e.lock(parent, AccessExclusive)
			}
		}
		if a.Cascade {
			s.loosen(e, a.On)
		}
	case Truncate:
		for _, n := range a.Others {
			e.lock(n, AccessExclusive)
			if a.Cascade {
				s.empty(e, n)
			}
		}
	case RenameColumn, RenameTable, SetSchema, AlterBriefly, RowSecurity, Inherit, DropView, CreatePolicy, CreateRule:
		e.lock(a.On, AccessExclusive)
	case CreateView:
		if a.Replace && s.schema.Tables[a.On] != nil {
			e.lock(a.On, AccessExclusive)
		}
	case SetLogged, SetTablespace:
		e.lock(a.On, AccessExclusive)
		e.Rewrites = append(e.Rewrites, a.On)
	case SetAccessMethod:
		e.lock(a.On, AccessExclusive)
		e.Rewrites = append(e.Rewrites, a.On)
	case TuneTable, ToggleTrigger:
		e.lock(a.On, alterLocks[a.Op])
	case LockTable:
		for _, n := range a.Others {
			e.lock(n, modeOf(a.To))
		}
	}
}

// empty locks what points to a table that is truncated with CASCADE, and what points
// to that.
func (s *scene) empty(e *Effect, to Name) {
	for _, other := range s.schema.referencing(to) {
		if !e.has(Lock{other, AccessExclusive}) {
			e.lock(other, AccessExclusive)
			s.empty(e, other)
		}
	}
}

// loosen locks the tables whose foreign keys to these columns of a table are dropped,
// or made again; to any column when none is named.
func (s *scene) loosen(e *Effect, to Name, columns ...string) []Name {
	all := s.schema.referencing(to, columns...)
	for _, other := range all {
		e.lock(other, AccessExclusive)
	}
	return all
}

func modeOf(text string) Mode {
	if len(text) == 1 && text[0] >= '1' && text[0] <= '8' {
		return Mode(text[0] - '0')
	}
	return AccessExclusive
}
