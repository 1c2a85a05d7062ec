package review

import (
	"fmt"
	"strings"
)

func never(*scene, *Statement, Act) (string, bool) { return "", false }

// fileRules are found by the review itself, not in a statement.
var fileRules = []Rule{
	{
		ID: "syntax-error", Level: Unsafe, Fails: true,
		Title:   "PostgreSQL cannot read the file",
		Breaks:  "it is refused, and the database is left dirty",
		Instead: "correct it",
		Bad:     "ALTER TABLE users ADD COLUM nick text;", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: never,
	},
	{
		ID: "migration-file", Level: Unsafe, Fails: true, Rows: []int{79},
		Title:   "the migrations would not run as their author thinks",
		Breaks:  "golang-migrate skips it in silence, takes it for something else, or stops halfway",
		Instead: "correct the name or the file",
		Bad:     "-- 001_initial_schema.sql, beside 002_users.up.sql", Good: "-- 001_initial_schema.up.sql, beside 002_users.up.sql",
		holds: never,
	},
	{
		ID: "bad-acknowledgement", Level: Unsafe, Fails: true,
		Title:   "a comment allows a rule that there is not, or says no reason",
		Breaks:  "nobody can tell what was meant to be allowed, and why",
		Instead: "-- bluegreen: allow RULE reason, in the line before the statement",
		Bad:     "-- bluegreen: allow drop-everything\nALTER TABLE users ADD COLUMN a int;", Good: "-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP nick;",
		holds: never,
	},
	{
		ID: "unused-acknowledgement", Level: Note,
		Title:   "a comment allows what was not found",
		Breaks:  "nothing; but it would allow it later",
		Instead: "remove the comment",
		Bad:     "-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users ADD COLUMN a int;", Good: "-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP nick;",
		holds: never,
	},
}

// styleRules are matters of taste, and what is only worth knowing.
var styleRules = []Rule{
	{
		ID: "long-identifier", Level: Risky, Fresh: true, Rows: []int{75},
		Title:   "a name is longer than 63 bytes",
		Breaks:  "PostgreSQL cuts it in silence: two names may become one, and no statement finds it under the whole name",
		Instead: "a shorter name",
		Bad:     "CREATE TABLE a (b_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_until_it_is_too_long int PRIMARY KEY);", Good: "CREATE TABLE a (b int PRIMARY KEY);",
		holds: func(_ *scene, st *Statement, _ Act) (string, bool) {
			for _, label := range st.Labels {
				if whole := uncut(label, st.Text); len(whole) > 63 {
					return fmt.Sprintf("%s has %d bytes", whole, len(whole)), true
				}
			}
			return "", false
		},
	},
	{
		ID: "column-json", Level: Note, Rows: []int{63}, ops: []Op{AddColumn},
		Title:   "a column of type json is added",
		Breaks:  "json has no equality: SELECT DISTINCT of the live version that takes in the new column fails",
		Instead: "jsonb",
		Bad:     "ALTER TABLE users ADD COLUMN data json;", Good: "ALTER TABLE users ADD COLUMN data jsonb;",
		holds: added(func(_ *scene, c Column) bool { return c.Type.Name.String() == "json" }),
	},
	{
		ID: "if-exists", Level: Note, Style: true, Fresh: true, Rows: []int{73}, ops: []Op{CreateTable, AddColumn, CreateIndex, DropTable, DropColumn, DropIndex},
		Title:   "IF EXISTS or IF NOT EXISTS hides that a database is not as the files say",
		Breaks:  "the file succeeds and its object may be another than it describes",
		Instead: "leave it out: each file runs once",
		Bad:     "CREATE TABLE IF NOT EXISTS a (b int PRIMARY KEY);", Good: "CREATE TABLE a (b int PRIMARY KEY);",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) { return a.On.String(), a.Lenient },
	},
	{
		ID: "narrow-type", Level: Note, Style: true, Fresh: true, Rows: []int{74}, ops: []Op{CreateTable, AddColumn},
		Title:   "a type that has to be changed one day",
		Breaks:  "int keys run out, char pads, timestamp has no zone; each change writes the table again",
		Instead: "bigint, text, timestamptz",
		Bad:     "CREATE TABLE a (id serial PRIMARY KEY, at timestamp, c char(3));", Good: "CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, c text);",
		holds: narrow,
	},
	{
		ID: "table-without-primary-key", Level: Note, Style: true, Fresh: true, Rows: []int{78}, ops: []Op{CreateTable},
		Title:   "a table has no primary key",
		Breaks:  "logical replication cannot update it, and no batch can go through it",
		Instead: "a primary key",
		Bad:     "CREATE TABLE a (b int);", Good: "CREATE TABLE a (b int PRIMARY KEY);",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			for _, c := range a.Constraints {
				if c.Kind == Primary {
					return "", false
				}
			}
			return a.On.String(), a.To != "partition" && !a.Temporary && len(a.Others) == 0
		},
	},
}

// uncut is a label as the text has it: the parser cuts it at 63 bytes.
func uncut(label, text string) string {
	at := strings.Index(strings.ToLower(text), strings.ToLower(label))
	if at < 0 || len(label) < 60 {
		return label
	}
	end := at + len(label)
	for end < len(text) && (text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] >= 0x80) {
		end++
	}
	return text[at:end]
}

func narrow(_ *scene, _ *Statement, a Act) (string, bool) {
	columns := a.Columns
	if a.Of != nil {
		columns = []Column{*a.Of}
	}
	for _, c := range columns {
		switch c.Type.Name.Name {
		case "bpchar", "timestamp", "serial", "smallserial", "int2":
			return fmt.Sprintf("column %s is %v", c.Name, c.Type), true
		case "int4":
			if c.has(Primary) {
				return fmt.Sprintf("column %s is %v", c.Name, c.Type), true
			}
		}
	}
	return "", false
}
