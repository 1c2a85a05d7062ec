package review

import "slices"

func (s *scene) columnEffect(e *Effect, a Act) {
	switch a.Op {
	case AddColumn:
		e.lock(a.On, AccessExclusive)
		if s.rewrites(*a.Of) {
			e.Rewrites = append(e.Rewrites, a.On)
		}
		for _, c := range a.Of.Constraints {
			s.checked(e, a.On, c, a.Of.Default != None)
		}
	case DropNotNull, ChangeDefault, DropDefault:
		e.lock(a.On, AccessExclusive)
	case DropColumn:
		e.lock(a.On, AccessExclusive)
		for _, c := range s.schema.constraints(a.On, a.Column) {
			if c.Kind == Foreign {
				e.lock(c.Ref, AccessExclusive)
			}
		}
		if a.Cascade {
			s.loosen(e, a.On, a.Column)
		}
	case SetNotNull:
		e.lock(a.On, AccessExclusive)
		if t := s.schema.Tables[a.On]; t == nil || !t.proven(a.Column) && !known(t.Columns[a.Column]) {
			e.Scans = append(e.Scans, a.On)
		}
	case AlterType:
		e.lock(a.On, AccessExclusive)
		s.typeEffect(e, a)
	case SetExpression:
		e.lock(a.On, AccessExclusive)
		e.Rewrites = append(e.Rewrites, a.On)
	}
}

func known(f *Fact) bool { return f != nil && f.NotNull }

func (s *scene) typeEffect(e *Effect, a Act) {
	cost := s.cost(a)
	writes := cost == rewrite || cost == unknown || cost == zoned && !s.utc
	switch {
	case writes:
		e.Rewrites = append(e.Rewrites, a.On)
	case cost == reindex, cost == zoned && s.indexes(a.On, a.Column):
		e.Builds = append(e.Builds, a.On)
	}
	s.constraintsAgain(e, a, writes)
}

// constraintsAgain is what PostgreSQL does with the constraints of a column that gets
// a type, be it the same one: it drops them and makes them again. Checks are checked
// again, and so are foreign keys whose values are compared in another way than before.
func (s *scene) constraintsAgain(e *Effect, a Act, writes bool) {
	for _, c := range s.schema.constraints(a.On, a.Column) {
		switch {
		case c.Kind == Check && !c.NotValid && !writes:
			e.Scans = append(e.Scans, a.On)
		case c.Kind == Foreign:
			e.lock(c.Ref, AccessExclusive)
			if writes {
				e.Scans = append(e.Scans, c.Ref)
			}
		}
	}
	for _, n := range s.loosen(e, a.On, a.Column) {
		if writes {
			e.Scans = append(e.Scans, n)
		}
	}
}

// indexes tells whether a column is in an index, as far as is known.
func (s *scene) indexes(on Name, column string) bool {
	if t := s.schema.Tables[on]; t == nil || t.Partial {
		return true
	}
	for index, table := range s.schema.Indexes {
		keys := s.schema.Keys[index]
		if table == on && (len(keys) == 0 || slices.Contains(keys, column) || slices.Contains(keys, "")) {
			return true
		}
	}
	return false
}

func (s *scene) cost(a Act) change {
	f := s.schema.column(a.On, a.Column)
	if f == nil {
		return unknown
	}
	cost := costOf(f.Type, a.Of.Type, a.Using)
	if a.Collate && (cost == same || cost == metadata) {
		cost = reindex // the order of the index is another
	}
	if cost == reindex && !s.indexes(a.On, a.Column) {
		return metadata
	}
	return cost
}

// rewrites tells whether a new column makes PostgreSQL write every row again.
func (s *scene) rewrites(c Column) bool {
	return c.Default == Volatile || c.Identity || c.Stored || c.Type.Serial() || s.schema.Domains[c.Type.Name]
}

// checked is a constraint of a column that is added: filled says that the column has
// a value in the rows that are there.
func (s *scene) checked(e *Effect, on Name, c Constraint, filled bool) {
	switch c.Kind {
	case Foreign:
		e.lock(c.Ref, ShareRowExclusive)
		if filled {
			e.Scans = append(e.Scans, on, c.Ref)
		}
	case Check:
		e.Scans = append(e.Scans, on)
	case Unique, Primary:
		e.Builds = append(e.Builds, on)
	}
}
