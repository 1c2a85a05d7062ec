package review

import (
	"maps"
	"slices"
	"strings"
)

// Schema is what is known of a database: from its catalog, or from the files that
// came before. What it does not have may still be there, unless it is complete.
type Schema struct {
	From      string // where the knowledge is from, for people
	Complete  bool   // the catalog was read, so that what is not here is not there
	UTC       bool   // the time zone of the sessions is known to be UTC
	Tables    map[Name]*Table
	Indexes   map[Name]Name     // index to table
	Keys      map[Name][]string // columns of an index
	Domains   map[Name]bool     // to whether it has a constraint
	Enums     map[Name]bool
	Routines  map[Name][]*Routine // functions and procedures, with all that have one name
	Sequences map[Name]bool       // made by the files that are reviewed
}

// NewSchema is one that knows nothing.
func NewSchema(from string) *Schema {
	return &Schema{
		From: from, Tables: map[Name]*Table{}, Indexes: map[Name]Name{}, Keys: map[Name][]string{}, Domains: map[Name]bool{}, Enums: map[Name]bool{},
		Routines: map[Name][]*Routine{}, Sequences: map[Name]bool{},
	}
}

// Table is what is known of a table.
type Table struct {
	Columns     map[string]*Fact
	Constraints map[string]Constraint
	Primary     []string
	Triggers    []string // and rules and policies, by their names; complete where the schema is
	Rows        float64  // an estimate; below 0 when it is not known
	View        bool
	Partial     bool // only what was changed of it is known
	Fresh       bool // made by a file that is reviewed: nobody uses it, and it is empty
	Parents     []Name
}

// Fact is what is known of a column.
type Fact struct {
	Type    Type
	NotNull bool
	Fresh   bool // added by a file that is reviewed: the live version does not know it
	Filled  bool // it has a default since it is there
	Written bool // rows of its table were changed since
}

// NewTable is a table of which nothing is known.
func NewTable() *Table {
	return &Table{Columns: map[string]*Fact{}, Constraints: map[string]Constraint{}, Rows: -1}
}

// fresh tells whether nobody but the files themselves can use the relation.
func (s *Schema) fresh(n Name) bool { t := s.Tables[n]; return t != nil && t.Fresh }

// has tells whether a table or an index of that name is known.
func (s *Schema) has(n Name) bool {
	_, index := s.Indexes[n]
	return index || s.Tables[n] != nil
}

func (s *Schema) table(n Name) *Table {
	t := s.Tables[n]
	if t == nil {
		t = NewTable()
		t.Partial = true
		s.Tables[n] = t
	}
	return t
}

// unwritten tells whether code that does not know of these files leaves all of the
// columns null in each row that it writes.
func (s *Schema) unwritten(on Name, columns []string) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(column string) bool {
		f := s.column(on, column)
		return f == nil || !f.Fresh || f.Filled
	})
}

func (s *Schema) column(on Name, column string) *Fact {
	if t := s.Tables[on]; t != nil {
		return t.Columns[column]
	}
	return nil
}

// proven tells whether a valid check says that a column is not null.
func (t *Table) proven(column string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(t.Constraints)), func(c Constraint) bool { return c.Proves == column && !c.NotValid })
}

// references lists the tables that a table's foreign keys point to.
func (t *Table) references() []Name {
	var all []Name
	for _, key := range slices.Sorted(maps.Keys(t.Constraints)) {
		if c := t.Constraints[key]; c.Kind == Foreign {
			all = append(all, c.Ref)
		}
	}
	return all
}

// referencing lists the other tables with foreign keys that point to one; to one of
// these columns, when any is named.
func (s *Schema) referencing(to Name, columns ...string) []Name {
	var all []Name
	for n, t := range s.Tables {
		if n == to {
			continue
		}
		for _, c := range t.Constraints {
			if c.Kind == Foreign && c.Ref == to && (len(columns) == 0 || s.points(c, columns)) {
				all = append(all, n)
				break
			}
		}
	}
	slices.SortFunc(all, compareNames)
	return all
}

// points tells whether a foreign key is one to any of the columns.
func (s *Schema) points(c Constraint, columns []string) bool {
	key := c.RefKey
	if t := s.Tables[c.Ref]; len(key) == 0 && t != nil {
		key = t.Primary
	}
	return slices.ContainsFunc(key, func(column string) bool { return slices.Contains(columns, column) })
}

// constraints lists those of a table that a column is part of.
func (s *Schema) constraints(on Name, column string) []Constraint {
	t := s.Tables[on]
	if t == nil {
		return nil
	}
	var all []Constraint
	for _, key := range slices.Sorted(maps.Keys(t.Constraints)) {
		if slices.Contains(t.Constraints[key].Columns, column) {
			all = append(all, t.Constraints[key])
		}
	}
	return all
}

// using lists the tables with a column of a type.
func (s *Schema) using(of Name) []Name {
	var all []Name
	for n, t := range s.Tables {
		for _, c := range t.Columns {
			if c.Type.Name == of && !t.Fresh {
				all = append(all, n)
				break
			}
		}
	}
	slices.SortFunc(all, compareNames)
	return all
}

func compareNames(a, b Name) int {
	return slices.Compare([]string{a.Schema, a.Name}, []string{b.Schema, b.Name})
}

// constraintName is PostgreSQL's for a constraint without one.
func constraintName(table Name, c Constraint) string {
	if c.Name != "" {
		return c.Name
	}
	if c.Index != "" {
		return c.Index
	}
	columns := c.Columns
	if c.Kind == Primary || c.Kind == Check && len(columns) > 1 {
		columns = nil
	}
	return nameOf(table.Name, columns, map[Kind]string{Primary: "pkey", Unique: "key", Check: "check", Foreign: "fkey", Exclusion: "excl"}[c.Kind])
}

// nameOf is the name that PostgreSQL makes: the longer part is cut so that the whole
// has 63 bytes. Source: makeObjectName.
func nameOf(table string, columns []string, label string) string {
	middle := strings.Join(columns, "_")
	room := 63 - len(label) - 1
	if middle != "" {
		room--
	}
	for len(table)+len(middle) > room {
		if len(table) > len(middle) {
			table = table[:len(table)-1]
		} else {
			middle = middle[:len(middle)-1]
		}
	}
	if middle != "" {
		table += "_" + middle
	}
	return table + "_" + label
}

// Behind is a constraint that is written behind a column.
func (c Constraint) Behind(column string) Constraint {
	if !slices.Contains(c.Columns, column) {
		c.Columns = append(slices.Clone(c.Columns), column)
	}
	return c
}
