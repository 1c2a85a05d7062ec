package review

import "fmt"

const smallSteps = "add the column without it, let the application write it, fill the old rows in batches, and add the constraint in a later release"

// added is a rule about a column that is added to a table.
func added(holds func(*scene, Column) bool) func(*scene, *Statement, Act) (string, bool) {
	return func(s *scene, _ *Statement, a Act) (string, bool) {
		return fmt.Sprintf("column %s of %v", a.Column, a.On), holds(s, *a.Of)
	}
}

func constrained(kind Kind) func(*scene, Column) bool {
	return func(_ *scene, c Column) bool { return c.has(kind) }
}

func (c Column) has(kinds ...Kind) bool {
	for _, k := range c.Constraints {
		for _, kind := range kinds {
			if k.Kind == kind {
				return true
			}
		}
	}
	return false
}

// filled tells whether every old row has a value in the new column.
func (c Column) filled() bool { return c.Default != None || c.Identity || c.Stored || c.Type.Serial() }

var columnRules = []Rule{
	{
		ID: "add-column-not-null", Level: Unsafe, Rows: []int{4}, ops: []Op{AddColumn},
		Title:   "a column that must not be null is added without a default",
		Breaks:  "it fails on a table with rows, and the live version, which does not know the column, could insert no more",
		Instead: smallSteps,
		Bad:     "ALTER TABLE users ADD COLUMN nick text NOT NULL;", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: added(func(_ *scene, c Column) bool { return c.NotNull && !c.filled() }),
	},
	{
		ID: "add-column-volatile-default", Level: Unsafe, Rows: []int{3}, ops: []Op{AddColumn},
		Title:   "a column is added with a default that differs from row to row",
		Breaks:  "the whole table and its indexes are written again under ACCESS EXCLUSIVE: nobody reads or writes meanwhile",
		Instead: "add the column, set the default in a second statement, fill the old rows in batches",
		Bad:     "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();", Good: "ALTER TABLE users ADD COLUMN token uuid;\nALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();",
		holds: added(func(_ *scene, c Column) bool { return c.Default == Volatile }),
	},
	{
		ID: "add-column-serial", Level: Unsafe, Rows: []int{6}, ops: []Op{AddColumn},
		Title:   "a serial column is added",
		Breaks:  "the whole table is written again under ACCESS EXCLUSIVE",
		Instead: "add a column that may be null, make a sequence, set it as the default, fill the old rows in batches",
		Bad:     "ALTER TABLE users ADD COLUMN n bigserial;", Good: "ALTER TABLE users ADD COLUMN n bigint;\nCREATE SEQUENCE users_n;\nALTER TABLE users ALTER COLUMN n SET DEFAULT nextval('users_n');",
		holds: added(func(_ *scene, c Column) bool { return c.Type.Serial() }),
	},
	{
		ID: "add-column-identity", Level: Unsafe, Rows: []int{7}, ops: []Op{AddColumn},
		Title:   "an identity column is added",
		Breaks:  "the whole table is written again under ACCESS EXCLUSIVE, as for serial",
		Instead: "add a column that may be null, fill it in batches from a sequence, and make it an identity in a later release",
		Bad:     "ALTER TABLE users ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;", Good: "ALTER TABLE users ADD COLUMN n bigint;",
		holds: added(func(_ *scene, c Column) bool { return c.Identity }),
	},
	{
		ID: "add-column-generated", Level: Unsafe, Rows: []int{8}, ops: []Op{AddColumn},
		Title:   "a stored generated column is added",
		Breaks:  "the whole table is written again under ACCESS EXCLUSIVE",
		Instead: "add a plain column, keep it by a trigger, fill the old rows in batches; or compute it in a view",
		Bad:     "ALTER TABLE users ADD COLUMN low text GENERATED ALWAYS AS (lower(name)) STORED;", Good: "ALTER TABLE users ADD COLUMN low text;",
		holds: added(func(_ *scene, c Column) bool { return c.Stored }),
	},
	{
		ID: "add-column-domain", Level: Unsafe, Rows: []int{10}, ops: []Op{AddColumn},
		Title:   "a column is added whose domain has a constraint",
		Breaks:  "the whole table is written again under ACCESS EXCLUSIVE, to check the domain in each row",
		Instead: "use the base type, and a check on the column that is added NOT VALID and validated later",
		Given:   "CREATE DOMAIN positive AS int CHECK (VALUE > 0);",
		Bad:     "ALTER TABLE users ADD COLUMN age positive;", Good: "ALTER TABLE users ADD COLUMN age int;",
		holds: added(func(s *scene, c Column) bool { return s.schema.Domains[c.Type.Name] }),
	},
	{
		ID: "add-column-unknown-type", Level: Risky, Rows: []int{10}, ops: []Op{AddColumn},
		Title:   "a column is added whose type is not known here",
		Breaks:  "if the type is a domain with a constraint, the whole table is written again",
		Instead: "review with the database, or with the file that makes the type",
		Bad:     "ALTER TABLE users ADD COLUMN age somewhere.mystery;", Good: "CREATE TYPE mood AS ENUM ('ok');\nALTER TABLE users ADD COLUMN m mood;",
		holds: added(func(s *scene, c Column) bool { return !s.knows(c.Type) }),
	},
	{
		ID: "add-column-unique", Level: Unsafe, Rows: []int{11}, ops: []Op{AddColumn},
		Title:   "a column is added that is unique or the primary key",
		Breaks:  "an index is built under ACCESS EXCLUSIVE, and the live version's rows have to be unique as well",
		Instead: "add the column, build a unique index concurrently in a file of its own, then ADD CONSTRAINT … USING INDEX",
		Bad:     "ALTER TABLE users ADD COLUMN nick text UNIQUE;", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: added(func(_ *scene, c Column) bool { return c.has(Unique, Primary) }),
	},
	{
		ID: "add-column-references", Level: Risky, Rows: []int{12}, ops: []Op{AddColumn},
		Title:   "a column is added with a foreign key",
		Breaks:  "both tables are locked, the other one against writes (SHARE ROW EXCLUSIVE)",
		Instead: "add the column, then the foreign key NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD COLUMN team bigint REFERENCES teams;", Good: "ALTER TABLE users ADD COLUMN team bigint;",
		holds: added(func(_ *scene, c Column) bool { return c.has(Foreign) && !c.filled() }),
	},
	{
		ID: "add-column-default-references", Level: Unsafe, Rows: []int{13}, ops: []Op{AddColumn},
		Title:   "a column is added with a default and a foreign key",
		Breaks:  "both tables are locked while every row is checked",
		Instead: "add the column, then the foreign key NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD COLUMN team bigint DEFAULT 1 REFERENCES teams;", Good: "ALTER TABLE users ADD COLUMN team bigint DEFAULT 1;",
		holds: added(func(_ *scene, c Column) bool { return c.has(Foreign) && c.filled() }),
	},
	{
		ID: "add-column-check", Level: Risky, Rows: []int{9}, ops: []Op{AddColumn},
		Title:   "a column is added with a check",
		Breaks:  "the whole table is scanned under ACCESS EXCLUSIVE, even though every row is null there",
		Instead: "add the column, then the check NOT VALID, and validate it in a file of its own",
		Bad:     "ALTER TABLE users ADD COLUMN age int CHECK (age > 0);", Good: "ALTER TABLE users ADD COLUMN age int;",
		holds: added(constrained(Check)),
	},
	{
		ID: "drop-column", Level: Unsafe, Rows: []int{39}, ops: []Op{DropColumn},
		Title:   "a column is dropped",
		Breaks:  "the live version may still read and write it: its statements fail at once, and a rollback finds the data gone",
		Instead: "stop using it in this release; drop it in the next one, when no version that knows it is live or may come back",
		Bad:     "ALTER TABLE users DROP nick;", Good: "ALTER TABLE users ALTER COLUMN nick SET DEFAULT '';",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			f := s.schema.column(a.On, a.Column)
			return fmt.Sprintf("column %s of %v", a.Column, a.On), f == nil || !f.Fresh
		},
	},
	{
		ID: "rename-column", Level: Unsafe, Rows: []int{36}, ops: []Op{RenameColumn},
		Title:   "a column is renamed",
		Breaks:  "every statement of the live version that names it fails at once",
		Instead: "add a new column, write both, fill the old rows in batches, and drop the old one two releases later",
		Bad:     "ALTER TABLE users RENAME nick TO alias;", Good: "ALTER TABLE users ADD COLUMN alias text;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			f := s.schema.column(a.On, a.Column)
			return fmt.Sprintf("%s of %v becomes %s", a.Column, a.On, a.To), f == nil || !f.Fresh
		},
	},
	{
		ID: "set-not-null", Level: Risky, Rows: []int{14}, ops: []Op{SetNotNull},
		Title:   "a column is made NOT NULL without a valid check that proves it",
		Breaks:  "the whole table is scanned under ACCESS EXCLUSIVE, and the live version's rows may be refused",
		Instead: "add CHECK (c IS NOT NULL) NOT VALID, validate it in a file of its own, then SET NOT NULL, which needs no scan then, and drop the check",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, nick text, name text, CONSTRAINT named CHECK (name IS NOT NULL));",
		Bad:     "ALTER TABLE users ALTER COLUMN nick SET NOT NULL;", Good: "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("column %s of %v", a.Column, a.On), len(s.effect(a).Scans) > 0
		},
	},
	{
		ID: "set-not-null-at-once", Level: Unsafe, Rows: []int{14}, ops: []Op{SetNotNull},
		Title:   "a column is made NOT NULL in the release that adds it",
		Breaks:  "the live version, which does not know the column, could insert no more; and it fails where rows are null",
		Instead: "make it NOT NULL in the next release, when every version writes it",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nALTER TABLE users ALTER COLUMN nick SET NOT NULL;", Good: "ALTER TABLE users ADD COLUMN nick text DEFAULT '';\nALTER TABLE users ALTER COLUMN nick SET NOT NULL;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			f := s.schema.column(a.On, a.Column)
			return fmt.Sprintf("column %s of %v", a.Column, a.On), f != nil && f.Fresh && !f.Filled
		},
	},
	{
		ID: "drop-not-null", Level: Risky, Rows: []int{15}, ops: []Op{DropNotNull},
		Title:   "a column may become null",
		Breaks:  "the live version may not expect a null where there was none",
		Instead: "let a release that reads nulls go live first",
		Bad:     "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;", Good: "ALTER TABLE users ALTER COLUMN name SET DEFAULT '';",
		holds: on("column %s of %v", func(a Act) []any { return []any{a.Column, a.On} }),
	},
	{
		ID: "alter-type-rewrite", Level: Unsafe, Rows: []int{32}, ops: []Op{AlterType},
		Title:   "a column gets a type for which every row is written again",
		Breaks:  "the table and its indexes are written again under ACCESS EXCLUSIVE, and the live version meets another type",
		Instead: "add a new column of the new type, write both, fill the old rows in batches, and drop the old one two releases later",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, n int, nick varchar(20));",
		Bad:     "ALTER TABLE users ALTER COLUMN n TYPE bigint;", Good: "ALTER TABLE users ALTER COLUMN nick TYPE varchar(40);",
		holds: changes(rewrite),
	},
	{
		ID: "alter-type-unknown", Level: Unsafe, Rows: []int{32}, ops: []Op{AlterType},
		Title:   "a column gets another type, and the one that it has is not known here",
		Breaks:  "the worse is assumed: the table is written again under ACCESS EXCLUSIVE",
		Instead: "review with the database, or with the file that made the column",
		Bad:     "ALTER TABLE users ALTER COLUMN mystery TYPE bigint;", Good: "CREATE TABLE a (n int);\nALTER TABLE a ALTER COLUMN n TYPE bigint;",
		holds: changes(unknown),
	},
	{
		ID: "alter-type-reindex", Level: Unsafe, Rows: []int{35}, ops: []Op{AlterType},
		Title:   "a column gets a type for which its indexes are built again",
		Breaks:  "the indexes are built under ACCESS EXCLUSIVE, which was the slowest change of all that were measured",
		Instead: "use an index on lower(column), or a new column of the new type",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, mail text UNIQUE);",
		Bad:     "ALTER TABLE users ALTER COLUMN mail TYPE citext;", Good: "CREATE UNIQUE INDEX CONCURRENTLY users_mail ON users (lower(mail));",
		holds: changes(reindex),
	},
	{
		ID: "alter-type-timezone", Level: Risky, Rows: []int{34}, ops: []Op{AlterType},
		Title:   "a column is changed between timestamp and timestamptz",
		Breaks:  "every row is written again unless the time zone of the session is UTC, and the live version reads other values if it is not",
		Instead: "SET timezone = 'UTC' in the file before it, if the data are in UTC",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, at timestamp);",
		Bad:     "ALTER TABLE users ALTER COLUMN at TYPE timestamptz;", Good: "ALTER TABLE users ADD COLUMN at2 timestamptz;",
		holds: changes(zoned),
	},
	{
		ID: "alter-type-metadata", Level: Risky, Rows: []int{33}, ops: []Op{AlterType},
		Title:   "a column gets a wider type, which changes the catalog only",
		Breaks:  "no row is written again, but the live version may meet values that it does not expect, and its prepared statements have to be planned again",
		Instead: "make sure that the live version reads what the new one writes",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, nick varchar(20));",
		Bad:     "ALTER TABLE users ALTER COLUMN nick TYPE text;", Good: "ALTER TABLE users ADD COLUMN nick2 text;",
		holds: changes(metadata),
	},
	{
		ID: "alter-type-constraints", Level: Risky, Rows: []int{33}, ops: []Op{AlterType},
		Title:   "a column that a foreign key or a check is about gets a type, be it the one that it has",
		Breaks:  "its constraints are made again: both tables of a foreign key are locked against everybody (ACCESS EXCLUSIVE), and a check scans the whole table meanwhile",
		Instead: "leave the type out where it is the same; else drop the constraint in a file before, and add it NOT VALID in one behind, then validate it",
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, nick varchar(20) CHECK (nick <> ''), mail varchar(20));",
		Bad:     "ALTER TABLE users ALTER COLUMN nick TYPE varchar(40);", Good: "ALTER TABLE users ALTER COLUMN mail TYPE varchar(40);",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			for _, c := range s.schema.constraints(a.On, a.Column) {
				if c.Kind == Foreign || c.Kind == Check {
					return fmt.Sprintf("%s of %v: %s", a.Column, a.On, constraintName(a.On, c)), true
				}
			}
			for _, n := range s.schema.referencing(a.On, a.Column) {
				return fmt.Sprintf("%v points to %s of %v", n, a.Column, a.On), true
			}
			return "", false
		},
	},
	{
		ID: "set-expression", Level: Unsafe, Rows: []int{8}, ops: []Op{SetExpression}, On: 17,
		Title:   "the expression of a generated column is changed",
		Breaks:  "the whole table is written again under ACCESS EXCLUSIVE",
		Instead: "add a new column",
		Bad:     "ALTER TABLE users ALTER COLUMN low SET EXPRESSION AS (upper(name));", Good: "ALTER TABLE users ADD COLUMN up text;",
		holds: always,
	},
}

func changes(want change) func(*scene, *Statement, Act) (string, bool) {
	return func(s *scene, _ *Statement, a Act) (string, bool) {
		from := "?"
		if f := s.schema.column(a.On, a.Column); f != nil && f.Type.Name.Name != "" {
			from = f.Type.String()
		}
		return fmt.Sprintf("column %s of %v: %s becomes %v", a.Column, a.On, from, a.Of.Type), s.cost(a) == want && !s.key(a)
	}
}
