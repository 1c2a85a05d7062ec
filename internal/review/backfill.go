package review

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Backfill is a change of many rows in batches, as a comment of a file declares it.
// The statement stands in the comment too, so nobody else runs it.
type Backfill struct {
	Line      int // of the directive
	Table     Name
	Key       string // its column, as the catalog has it
	Batch     int    // most rows that a transaction changes
	Pause     time.Duration
	Once      bool   // a row that meets Where behind its sweep is one that the application means
	Statement string // UPDATE target SET set WHERE where

	Target string // the table as the statement names it, with an alias if it has one
	Set    string
	Where  string // what a row meets that is still to be changed

	Comments []Comment // right above the directive
}

// Head is the statement in one line, for people.
func (b Backfill) Head() string { return Statement{Text: b.Statement}.Head() }

// orderable are the types of a key that batches can go along.
var orderable = []string{"int2", "int4", "int8", "uuid", "text", "varchar", "timestamptz"}

// Orderable tells whether batches can go along a key of this type, and names those
// that they can.
func Orderable(typeName string) (bool, string) {
	return slices.Contains(orderable, typeName), "smallint, integer, bigint, uuid, text, varchar or timestamptz"
}

// backfills judges what the comments of a file declare, when its statements are done.
func (r *reviewer) backfills(list []Backfill) ([]Judged, error) {
	var all []Judged
	rule, _ := RuleOf("bad-backfill")
	for _, b := range list {
		j := Judged{Line: b.Line, Head: "backfill: " + b.Head(), Ops: []Op{Update}}
		st, detail, err := r.wrong(b)
		if err != nil {
			return nil, err
		}
		if detail != "" {
			j.Findings = []Finding{{Rule: rule, Line: b.Line, Detail: detail}}
		}
		if len(st.Acts) > 0 {
			j.overwrites = r.schema.overwrites(st.Acts[0])
			st.Line = b.Line
			found, effect := r.begin(nil).code(&st)
			j.Findings, j.Effect = append(j.Findings, found...), effect
		}
		acknowledge(&j, b.Comments)
		if !r.schema.fresh(b.table()) {
			j.Effect.lock(b.table(), RowExclusive)
		}
		all = append(all, j)
	}
	return all, nil
}

// table is the name as the review has it.
func (b Backfill) table() Name {
	if b.Table.Schema == "public" {
		return Name{Name: b.Table.Name}
	}
	return b.Table
}

// overwrites tells whether an update changes a column that was there before the files:
// code that does not know of the change may read it wrongly.
func (s *Schema) overwrites(a Act) bool {
	if s.fresh(a.On) {
		return false
	}
	t := s.Tables[a.On]
	return slices.ContainsFunc(a.Keys, func(c string) bool { return t == nil || t.Columns[c] == nil || !t.Columns[c].Fresh })
}

// wrong says why the backfill cannot be run, or "", and what its statement is.
func (r *reviewer) wrong(b Backfill) (Statement, string, error) {
	list, err := r.parser.Parse(b.Statement)
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		return Statement{}, fmt.Sprintf("line %d of its statement: %s", syntax.Line, syntax.Message), nil
	}
	if err != nil {
		return Statement{}, "", err
	}
	if len(list) != 1 || len(list[0].Acts) != 1 || list[0].Acts[0].Op != Update || !list[0].Acts[0].Plain {
		return Statement{}, "its statement is not one UPDATE of one table, without WITH, FROM and RETURNING", nil
	}
	a := list[0].Acts[0]
	switch {
	case a.On != b.table():
		return list[0], fmt.Sprintf("it names table %v, and its statement changes %v", b.table(), a.On), nil
	case !a.Filtered:
		return list[0], "its statement has no WHERE that looks at a column of the table, and so says of a row whether it is still to be changed", nil
	case slices.Contains(a.Keys, b.Key):
		return list[0], "its statement changes the key, " + b.Key, nil
	}
	return list[0], r.schema.unkeyed(b.table(), b.Key), nil
}

// unkeyed says why batches cannot go along a column, or "", also when too little is
// known.
func (s *Schema) unkeyed(on Name, key string) string {
	t := s.Tables[on]
	switch {
	case t == nil && s.Complete:
		return fmt.Sprintf("there is no table %v", on)
	case t == nil || len(t.Columns) == 0:
		return ""
	case t.Columns[key] == nil:
		return fmt.Sprintf("table %v has no column %s", on, key)
	}
	column := t.Columns[key]
	if ok, want := Orderable(column.Type.Name.String()); !ok && !column.Type.Serial() || column.Type.Array {
		return fmt.Sprintf("the key, %s, has type %v: want %s", key, column.Type, want)
	}
	if !slices.Equal(t.Primary, []string{key}) && !(column.NotNull && s.unique(on, key)) {
		return fmt.Sprintf("the key, %s, is neither the primary key nor unique and not null on its own", key)
	}
	return ""
}

// unique tells whether a constraint or an index may make a column unique: an index
// of which it is the only column counts, since the run looks at it again.
func (s *Schema) unique(on Name, column string) bool {
	for _, c := range s.Tables[on].Constraints {
		if c.Kind == Unique && slices.Equal(c.Columns, []string{column}) {
			return true
		}
	}
	for index, table := range s.Indexes {
		if table == on && slices.Equal(s.Keys[index], []string{column}) {
			return true
		}
	}
	return false
}
