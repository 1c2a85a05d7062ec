package review

import (
	"fmt"
	"strings"
)

// Parser reads SQL by PostgreSQL's own grammar. Text that is not SQL is a
// *SyntaxError.
type Parser interface {
	Parse(sql string) ([]Statement, error)
}

// SyntaxError is text that PostgreSQL would not read.
type SyntaxError struct {
	Line    int // from 1
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Statement is one statement of a file and everything that it does.
type Statement struct {
	Line     int    // of its first word, from 1
	Text     string // without comments before it
	Comments []Comment
	Acts     []Act
	Strings  []string // its constants, to find the use of an enum value
	Names    []string // of the functions that it calls
	Moved    []Name   // sequences whose next value it sets by setval; without a name where it cannot be told
	Labels   []string // that it gives, for their length
}

// Comment is a line of a comment before a statement.
type Comment struct {
	Line int
	Text string
}

// Head is the beginning of the statement in one line, for people.
func (s Statement) Head() string {
	text := strings.Join(strings.Fields(s.Text), " ")
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return text
}

// Name is the name of a relation, type or other object. The schema public is
// left out.
type Name struct{ Schema, Name string }

// MarshalText is the name as SQL has it, for reports.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// String is the name as SQL has it.
func (n Name) String() string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// Act is one thing that a statement does. ALTER TABLE may do several.
type Act struct {
	Op           Op
	On           Name // what it is done to
	Line         int
	Column       string
	Of           *Column     // that is made, or that has the new type
	Constraint   *Constraint // that is made
	Columns      []Column    // of a new table
	Constraints  []Constraint
	Keys         []string // columns of an index, or those that an update sets
	Others       []Name   // further relations: a partition, what is truncated beside
	Reads        []Name   // what rows are taken from
	Keyed        []string // columns that the WHERE compares with constants, each of which has to be equal
	Called       string   // the name of the constraint, index, trigger or parameter
	To           string   // the new name, value or mode; the arguments of a function
	Concurrently bool
	Lenient      bool // IF EXISTS, IF NOT EXISTS
	Cascade      bool
	Filtered     bool   // it has a WHERE that looks at a column of the table
	Bounded      string // the column that the WHERE keeps in a range of at most a thousand whole numbers
	Removes      bool   // it deletes rows
	Fills        bool   // it gives a column values of its own, without being a default
	Plain        bool   // an update without WITH, FROM and RETURNING
	Unique       bool
	Replace      bool
	Local        bool        // SET LOCAL
	Temporary    bool        // a table of this session
	Using        bool        // a type is changed by an expression
	Collate      bool        // a type is changed with its collation
	Valued       bool        // an insert of constants
	Body         []Statement // of a DO block or function
	Opaque       string      // why the body is not known in full; "" when it is
	Compiled     bool        // a function whose code is no SQL, but the server's or a library's
	Calm         bool        // a function that is declared immutable or stable
	Needs        int         // the first version of PostgreSQL that has it; 0 for all
}

// creates tells whether what the act is done to is made by it.
func (a Act) creates() bool {
	switch a.Op {
	case CreateTable, CreateTableAs, CreateView, CreateMatView, CreateEnum, CreateDomain, CreateFunction, CreateSequence:
		return true
	}
	return false
}

// Column is a column that is made.
type Column struct {
	Name        string
	Type        Type
	NotNull     bool
	Default     Volatility // None without a default
	Identity    bool
	Stored      bool // GENERATED … STORED
	Constraints []Constraint
}

// Volatility is what a default is made of.
type Volatility int

// The volatilities. A volatile default has another value in each row.
const (
	None Volatility = iota
	Stable
	Volatile
)

// Type is the type of a column, by PostgreSQL's short name.
type Type struct {
	Name  Name
	Mods  []int
	Array bool
}

func (t Type) String() string {
	text := t.Name.String()
	if len(t.Mods) > 0 {
		text += "(" + strings.Trim(strings.ReplaceAll(fmt.Sprint(t.Mods), " ", ","), "[]") + ")"
	}
	if t.Array {
		text += "[]"
	}
	return text
}

// Serial tells whether the type makes a sequence.
func (t Type) Serial() bool {
	switch t.Name.Name {
	case "serial", "bigserial", "smallserial", "serial2", "serial4", "serial8":
		return t.Name.Schema == ""
	}
	return false
}

// Kind is the kind of a constraint.
type Kind string

// The kinds of constraints.
const (
	Check     Kind = "check"
	Foreign   Kind = "foreign key"
	Unique    Kind = "unique"
	Primary   Kind = "primary key"
	Exclusion Kind = "exclusion"
)

// Constraint is a constraint that is made.
type Constraint struct {
	Kind       Kind
	Name       string
	Columns    []string
	Ref        Name     // the table that a foreign key points to
	RefKey     []string // its columns there; none for the primary key
	NotValid   bool
	Index      string // USING INDEX
	Proves     string // the column that a check proves to be not null
	PassesNull bool   // a check that a row passes whose columns are null
}
