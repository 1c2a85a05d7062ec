package review

import "fmt"

// defaultRules are about columns that lose what fills them.
var defaultRules = []Rule{
	{
		ID: "drop-default", Level: Risky, Rows: []int{66}, ops: []Op{DropDefault},
		Title:   "a column that must not be null loses what fills it",
		Breaks:  "the live version can insert no more where it leaves the column out",
		Instead: "drop it in the next release, when every version that may be live writes the column",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, nick text DEFAULT '');",
		Bad:     "ALTER TABLE users ALTER COLUMN n DROP DEFAULT;", Good: "ALTER TABLE users ALTER COLUMN nick DROP DEFAULT;",
		holds: bares(func(f *Fact) bool { return required(f) && (f == nil || !f.Fresh) }),
	},
	{
		ID: "drop-default-at-once", Level: Unsafe, Rows: []int{66}, ops: []Op{DropDefault},
		Title:   "a column that must not be null loses its default in the release that adds it",
		Breaks:  "the live version, which does not know the column, can insert no more",
		Instead: "drop the default in the next release, when every version that may be live writes the column",
		Bad:     "ALTER TABLE users ADD COLUMN n int NOT NULL DEFAULT 0;\nALTER TABLE users ALTER COLUMN n DROP DEFAULT;", Good: "ALTER TABLE users ADD COLUMN n int NOT NULL DEFAULT 0;",
		holds: bares(func(f *Fact) bool { return required(f) && f != nil && f.Fresh }),
	},
	{
		ID: "drop-default-nullable", Level: Note, Rows: []int{66}, ops: []Op{DropDefault},
		Title:   "a column that may be null loses its default",
		Breaks:  "the live version's new rows have a null where they had the default",
		Instead: "let a release that reads nulls go live first",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, nick text DEFAULT '');",
		Bad:     "ALTER TABLE users ALTER COLUMN nick DROP DEFAULT;", Good: "ALTER TABLE users ALTER COLUMN nick SET DEFAULT 'x';",
		holds: bares(func(f *Fact) bool { return !required(f) && !f.Fresh }),
	},
}

// bares is a rule about a column that loses its default. It is not one that gets
// another in the same file, as around a change of its type, or that may be null from
// then on, which is another rule's.
func bares(holds func(*Fact) bool) func(*scene, *Statement, Act) (string, bool) {
	return func(s *scene, _ *Statement, a Act) (string, bool) {
		detail := fmt.Sprintf("column %s of %v", a.Column, a.On)
		f := s.schema.column(a.On, a.Column)
		if f == nil {
			detail += ", and whether it may be null is not known here"
		}
		of := column{a.On, a.Column}
		return detail, !s.filled[of] && !s.loosened[of] && holds(f)
	}
}

// required tells whether a column has to have a value, as far as is known.
func required(f *Fact) bool { return f == nil || f.NotNull }
