package review

import "slices"

// move gives a table another name, also where indexes and foreign keys lead to it.
func (s *Schema) move(a Act) {
	to := a.Moved()
	if t := s.Tables[a.On]; t != nil {
		delete(s.Tables, a.On)
		s.Tables[to] = t
	}
	for index, table := range s.Indexes {
		if table == a.On {
			s.Indexes[index] = to
		}
	}
	for _, t := range s.Tables {
		for key, c := range t.Constraints {
			if c.Kind == Foreign && c.Ref == a.On {
				c.Ref = to
				t.Constraints[key] = c
			}
		}
	}
}

// rename gives a column its new name in the keys and constraints that it is part of.
func (s *Schema) rename(a Act) {
	in := func(list []string) []string {
		list = slices.Clone(list)
		if i := slices.Index(list, a.Column); i >= 0 {
			list[i] = a.To
		}
		return list
	}
	t := s.Tables[a.On]
	t.Primary = in(t.Primary)
	for key, c := range t.Constraints {
		c.Columns = in(c.Columns)
		t.Constraints[key] = c
	}
	for index, table := range s.Indexes {
		if table == a.On {
			s.Keys[index] = in(s.Keys[index])
		}
	}
	for _, other := range s.Tables {
		for key, c := range other.Constraints {
			if c.Ref == a.On {
				c.RefKey = in(c.RefKey)
				other.Constraints[key] = c
			}
		}
	}
}

// retype gives a type that is renamed its new name, in the columns that have it.
func (s *Schema) retype(a Act) {
	to := Name{a.On.Schema, a.To}
	if a.Called != "type" && a.Called != "domain" {
		return
	}
	for _, t := range s.Tables {
		for _, f := range t.Columns {
			if f.Type.Name == a.On {
				f.Type.Name = to
			}
		}
	}
	if checked, domain := s.Domains[a.On]; domain {
		delete(s.Domains, a.On)
		s.Domains[to] = checked
	}
	if s.Enums[a.On] {
		delete(s.Enums, a.On)
		s.Enums[to] = true
	}
}

// Moved is the new name of a table that is renamed, or gets another schema.
func (a Act) Moved() Name {
	if a.Op == SetSchema {
		return Name{a.To, a.On.Name}
	}
	return Name{a.On.Schema, a.To}
}
