package review

import (
	"maps"
	"slices"
)

// Replay learns what a statement leaves behind. Under review, what it makes is
// fresh: nobody uses it yet.
func (s *Schema) Replay(st Statement, underReview bool) {
	for _, a := range st.Acts {
		s.replay(a, underReview)
	}
}

func (s *Schema) replay(a Act, fresh bool) {
	switch a.Op {
	case CreateTable, CreateTableAs, CreateMatView, CreateView:
		s.create(a, fresh)
	case DropTable, DropView:
		s.forget(a.On)
	case RenameTable, SetSchema:
		s.move(a)
	case CreateIndex:
		s.Indexes[a.index()] = a.On
		s.Keys[a.index()] = a.Keys
	case DropIndex:
		delete(s.Indexes, a.On)
	case CreateTrigger, CreatePolicy, CreateRule:
		if t := s.Tables[a.On]; t != nil {
			t.Triggers = append(slices.Clone(t.Triggers), a.Called)
		}
	case DropTrigger:
		if t := s.Tables[a.On]; t != nil {
			t.Triggers = slices.DeleteFunc(slices.Clone(t.Triggers), func(name string) bool { return name == a.Called })
		}
	case CreateDomain:
		s.Domains[a.On] = len(a.Constraints) > 0
	case AlterDomain:
		s.Domains[a.On] = s.Domains[a.On] || a.To == "C"
	case CreateEnum:
		s.Enums[a.On] = true
	case CreateFunction:
		s.define(a, fresh)
	case CreateSequence:
		s.Sequences[a.On] = fresh
	case RenameOther:
		s.retype(a)
	case Update, Merge:
		s.write(a.On)
	case Do:
		for _, inner := range a.Body {
			s.Replay(inner, fresh)
		}
	default:
		s.alter(a, fresh)
	}
}

// forget drops a table with its indexes, and the foreign keys that point to it.
func (s *Schema) forget(table Name) {
	delete(s.Tables, table)
	maps.DeleteFunc(s.Indexes, func(_, on Name) bool { return on == table })
	for _, t := range s.Tables {
		maps.DeleteFunc(t.Constraints, func(_ string, c Constraint) bool { return c.Kind == Foreign && c.Ref == table })
	}
}

// index is the name of an index that is made.
func (a Act) index() Name {
	if a.Called != "" {
		return Name{a.On.Schema, a.Called}
	}
	keys := slices.Clone(a.Keys)
	for i, k := range keys {
		if k == "" {
			keys[i] = "expr"
		}
	}
	return Name{a.On.Schema, nameOf(a.On.Name, keys, "idx")}
}

func (s *Schema) create(a Act, fresh bool) {
	if _, known := s.Tables[a.On]; known && (a.Lenient || a.Replace) {
		return
	}
	t := NewTable()
	t.Fresh, t.View, t.Parents = fresh || a.Temporary, a.Op == CreateView, a.Others
	for _, c := range a.Columns {
		t.Columns[c.Name] = &Fact{Type: c.Type, NotNull: c.NotNull || c.Type.Serial() || c.Identity, Fresh: fresh}
	}
	for _, c := range a.Constraints {
		t.constrain(a.On, c)
		s.indexed(a.On, c)
	}
	s.Tables[a.On] = t
}

// indexed learns of the index behind a constraint.
func (s *Schema) indexed(on Name, c Constraint) {
	if c.Kind == Unique || c.Kind == Primary || c.Kind == Exclusion {
		name := Name{on.Schema, constraintName(on, c)}
		s.Indexes[name] = on
		if len(c.Columns) > 0 {
			s.Keys[name] = c.Columns
		}
	}
}

func (t *Table) constrain(on Name, c Constraint) {
	t.Constraints[constraintName(on, c)] = c
	if c.Kind == Primary {
		t.Primary = c.Columns
		for _, name := range c.Columns {
			if f := t.Columns[name]; f != nil {
				f.NotNull = true
			}
		}
	}
}

// write takes it that a change of rows gives new columns their values.
func (s *Schema) write(on Name) {
	if t := s.Tables[on]; t != nil {
		for _, f := range t.Columns {
			f.Written = true
		}
	}
}

// alter learns from changes of a table.
func (s *Schema) alter(a Act, fresh bool) {
	if a.On.Name == "" || !slices.Contains([]Op{AddColumn, DropColumn, AlterType, SetNotNull, DropNotNull, AddConstraint, ValidateConstraint, DropConstraint, RenameColumn}, a.Op) {
		return
	}
	t := s.table(a.On)
	f := t.Columns[a.Column]
	switch a.Op {
	case AddColumn:
		if f != nil && a.Lenient {
			return
		}
		t.Columns[a.Column] = &Fact{Type: a.Of.Type, NotNull: a.Of.NotNull || a.Of.Type.Serial() || a.Of.Identity, Fresh: fresh, Filled: a.Of.filled()}
		for _, c := range a.Of.Constraints {
			c = c.Behind(a.Column)
			t.constrain(a.On, c)
			s.indexed(a.On, c)
		}
	case DropColumn:
		delete(t.Columns, a.Column)
		maps.DeleteFunc(t.Constraints, func(_ string, c Constraint) bool { return slices.Contains(c.Columns, a.Column) })
	case RenameColumn:
		if f != nil {
			delete(t.Columns, a.Column)
			t.Columns[a.To] = f
		}
		s.rename(a)
	case AddConstraint:
		t.constrain(a.On, *a.Constraint)
		s.indexed(a.On, *a.Constraint)
	case ValidateConstraint:
		if c, ok := t.Constraints[a.Called]; ok {
			c.NotValid = false
			t.Constraints[a.Called] = c
		}
	case DropConstraint:
		if t.Constraints[a.Called].Kind == Primary {
			t.Primary = nil
		}
		delete(t.Constraints, a.Called)
	default:
		if f == nil {
			f = &Fact{}
			t.Columns[a.Column] = f
		}
		switch a.Op {
		case AlterType:
			f.Type = a.Of.Type
		case SetNotNull:
			f.NotNull = true
		case DropNotNull:
			f.NotNull = false
		}
	}
}
