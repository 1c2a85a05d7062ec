package review

func (s *scene) constraintEffect(e *Effect, a Act) {
	switch a.Op {
	case AddConstraint:
		s.added(e, a.On, *a.Constraint)
	case ValidateConstraint:
		e.lock(a.On, ShareUpdateExclusive)
		e.Scans = append(e.Scans, a.On)
		if t := s.schema.Tables[a.On]; t != nil && t.Constraints[a.Called].Kind == Foreign {
			e.lock(t.Constraints[a.Called].Ref, RowShare)
			e.Scans = append(e.Scans, t.Constraints[a.Called].Ref)
		}
	case DropConstraint:
		e.lock(a.On, AccessExclusive)
		if t := s.schema.Tables[a.On]; t != nil && t.Constraints[a.Called].Kind == Foreign {
			e.lock(t.Constraints[a.Called].Ref, AccessExclusive)
		}
		if t := s.schema.Tables[a.On]; t != nil && a.Cascade {
			s.loosen(e, a.On, t.Constraints[a.Called].Columns...)
		}
	case AlterDomain:
		if a.To == "C" && !a.Constraint.NotValid || a.To == "O" || a.To == "V" {
			for _, n := range s.schema.using(a.On) {
				e.lock(n, Share)
				e.Scans = append(e.Scans, n)
			}
		}
	}
}

func (s *scene) added(e *Effect, on Name, c Constraint) {
	switch c.Kind {
	case Foreign:
		e.lock(on, ShareRowExclusive)
		e.lock(c.Ref, ShareRowExclusive)
		if !c.NotValid {
			e.Scans = append(e.Scans, on)
			if !s.blank(on, c.Columns) {
				e.Scans = append(e.Scans, c.Ref)
			}
		}
	case Check:
		e.lock(on, AccessExclusive)
		if !c.NotValid {
			e.Scans = append(e.Scans, on)
		}
	case Unique, Primary:
		e.lock(on, AccessExclusive)
		if c.Index == "" {
			e.Builds = append(e.Builds, on)
		} else if c.Kind == Primary && s.nullable(on, c) {
			e.Scans = append(e.Scans, on)
		}
	default:
		e.lock(on, AccessExclusive)
		e.Builds = append(e.Builds, on)
	}
}

// blank tells whether these columns of a table have no values yet, so that a foreign
// key of theirs looks for nothing.
func (s *scene) blank(on Name, columns []string) bool {
	if s.schema.fresh(on) {
		return true
	}
	for _, name := range columns {
		if f := s.schema.column(on, name); f != nil && f.Fresh && !f.Filled && !f.Written {
			return true
		}
	}
	return false
}

// nullable tells whether the columns of a primary key may be null, as far as that
// is known. Those of an index are not named in the statement.
func (s *scene) nullable(on Name, c Constraint) bool {
	columns := c.Columns
	if c.Index != "" {
		columns = s.schema.Keys[Name{on.Schema, c.Index}]
	}
	t := s.schema.Tables[on]
	if t == nil || len(columns) == 0 {
		return true
	}
	for _, name := range columns {
		if !known(t.Columns[name]) && !t.proven(name) {
			return true
		}
	}
	return false
}
