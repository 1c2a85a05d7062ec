package review

import (
	"fmt"
	"slices"
	"strings"
)

var objectRules = []Rule{
	{
		ID: "refresh-view", Level: Risky, Rows: []int{58}, ops: []Op{RefreshMatView},
		Title:   "a materialized view is refreshed",
		Breaks:  "it is computed again while nobody can read it (ACCESS EXCLUSIVE); with CONCURRENTLY while nobody can write to it",
		Instead: "refresh it concurrently, by a job, outside of the migrations",
		Bad:     "REFRESH MATERIALIZED VIEW totals;", Good: "CREATE MATERIALIZED VIEW totals AS SELECT 1 WITH NO DATA;",
		holds: named,
	},
	{
		ID: "replace-view", Level: Risky, Rows: []int{59}, ops: []Op{CreateView},
		Title:   "a view is replaced",
		Breaks:  "it is locked for a moment (ACCESS EXCLUSIVE), and the live version reads what the new one means",
		Instead: "only add columns at its end; or make a view of another name",
		Bad:     "CREATE OR REPLACE VIEW active AS SELECT 1;", Good: "CREATE VIEW active2 AS SELECT 1;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return a.On.String(), a.Replace && !(s.schema.Complete && s.schema.Tables[a.On] == nil)
		},
	},
	{
		ID: "drop-view", Level: Risky, Rows: []int{59}, ops: []Op{DropView},
		Title:   "a view is dropped",
		Breaks:  "the live version's statements that read it fail at once",
		Instead: "drop it in the next release",
		Bad:     "DROP VIEW active;", Good: "CREATE VIEW active2 AS SELECT 1;",
		holds: named,
	},
	{
		ID: "create-trigger", Level: Risky, Rows: []int{49}, ops: []Op{CreateTrigger, ToggleTrigger, CreateRule},
		Title:   "a trigger or rule is added, or switched on or off",
		Breaks:  "writes wait for a moment (SHARE ROW EXCLUSIVE), and the live version's writes do more than it knows",
		Instead: "make sure that the trigger is harmless to rows of the live version",
		Bad:     "CREATE TRIGGER stamp BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp();", Good: "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%s on %v", a.Called, a.On), true
		},
	},
	{
		ID: "drop-trigger", Level: Risky, Rows: []int{50}, ops: []Op{DropTrigger},
		Title:   "a trigger, rule or policy is dropped",
		Breaks:  "the table is locked for a moment (ACCESS EXCLUSIVE), and the live version may rely on what it did",
		Instead: "drop it in the next release",
		Bad:     "DROP TRIGGER stamp ON users;", Good: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%s on %v", a.Called, a.On), true
		},
	},
	{
		ID: "drop-object", Level: Risky, ops: []Op{DropOther},
		Title:   "a function, type, sequence or other object is dropped",
		Breaks:  "the live version's statements that use it fail at once",
		Instead: "drop it in the next release",
		Bad:     "DROP FUNCTION total(int);", Good: "CREATE FUNCTION total2(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return strings.TrimSpace(a.To + " " + a.On.String()), !s.schema.made(a.On)
		},
	},
	{
		ID: "rename-object", Level: Unsafe, Rows: []int{38}, ops: []Op{RenameOther},
		Title:   "a type, function, sequence or other object is renamed",
		Breaks:  "the live version's statements that name it fail at once",
		Instead: "make a new one, and drop the old one in the next release",
		Bad:     "ALTER FUNCTION total(int) RENAME TO sum;", Good: "CREATE FUNCTION total2(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
		holds: on("%v becomes %s", func(a Act) []any { return []any{a.On, a.To} }),
	},
	{
		ID: "rename-enum-value", Level: Unsafe, Rows: []int{38}, ops: []Op{RenameEnumValue},
		Title:   "a value of an enum is renamed",
		Breaks:  "the live version writes and expects the old one",
		Instead: "add a new value, and move the rows in a later release",
		Bad:     "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';", Good: "ALTER TYPE mood ADD VALUE 'fine';",
		holds: named,
	},
	{
		ID: "add-enum-value", Level: Note, Rows: []int{60}, ops: []Op{AddEnumValue},
		Title:   "a value is added to an enum, which nothing takes back",
		Breaks:  "the live version may read a value that it does not know, once the new one writes it",
		Instead: "let a release that can read it go live before one that writes it",
		Bad:     "ALTER TYPE mood ADD VALUE 'fine';", Good: "CREATE TABLE moods (name text PRIMARY KEY);",
		holds: on("%v: %s", func(a Act) []any { return []any{a.On, a.To} }),
	},
	{
		ID: "enum-value-used", Level: Unsafe, Fails: true, Fresh: true, Rows: []int{60},
		Title:   "a new value of an enum is used in the transaction that adds it",
		Breaks:  "PostgreSQL refuses it: new values must be committed first, and the database is left dirty",
		Instead: "add the value in a file of its own",
		Bad:     "ALTER TYPE mood ADD VALUE 'fine';\nALTER TABLE users ALTER COLUMN m SET DEFAULT 'fine';", Good: "ALTER TYPE mood ADD VALUE 'fine';",
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, value := range st.Strings {
				if of, ok := s.values[value]; ok && !slices.ContainsFunc(st.Acts, func(a Act) bool { return a.Op == AddEnumValue }) {
					return fmt.Sprintf("%q of %v", value, of), true
				}
			}
			return "", false
		},
	},
	{
		ID: "create-enum", Level: Note, Style: true, Rows: []int{61}, ops: []Op{CreateEnum},
		Title:   "an enum is made",
		Breaks:  "its values can be added and renamed, never taken back",
		Instead: "a table of the values, or a check",
		Bad:     "CREATE TYPE mood AS ENUM ('ok');", Good: "CREATE TABLE moods (name text PRIMARY KEY);",
		holds: named,
	},
	{
		ID: "replace-function", Level: Note, ops: []Op{CreateFunction},
		Title:   "a function is replaced",
		Breaks:  "the live version runs the new body from now on",
		Instead: "make sure that the body suits both versions",
		Bad:     "CREATE OR REPLACE FUNCTION total() RETURNS int LANGUAGE sql AS 'SELECT 1';", Good: "CREATE FUNCTION total2() RETURNS int LANGUAGE sql AS 'SELECT 1';",
		holds:  func(_ *scene, _ *Statement, a Act) (string, bool) { return a.On.String(), a.Replace },
		spares: func(s *scene, a Act) bool { return s.schema.made(a.On) },
	},
	{
		ID: "unread-code", Level: Risky, Fresh: true, Rows: []int{76},
		Title:   "code runs that the review cannot read in full",
		Breaks:  "it may lock, rewrite or remove anything",
		Instead: "write plain statements; where it has to be code, rehearse it and say in the acknowledgement what it does",
		Bad:     "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN a int', 'users'); END $$;", Good: "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN a int'; END $$;",
		holds: unread,
	},
	{
		ID: "revoke", Level: Risky, ops: []Op{Revoke},
		Title:   "rights are taken away",
		Breaks:  "the live version's statements may be refused at once",
		Instead: "revoke in the next release",
		Bad:     "REVOKE INSERT ON users FROM app;", Good: "GRANT INSERT ON users TO app;",
		holds: always,
	},
	{
		ID: "unknown-statement", Level: Risky, Fresh: true, ops: []Op{Unknown},
		Title:   "a statement for which there is no rule",
		Breaks:  "nobody has looked at what it locks and breaks",
		Instead: "read PostgreSQL's documentation of it, and say in the acknowledgement why it is safe",
		Bad:     "CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p;", Good: "COMMENT ON TABLE users IS 'people';",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) { return a.To, true },
	},
	{
		ID: "needs-newer-server", Level: Unsafe, Fails: true, Fresh: true, Rows: []int{53, 57},
		Title:   "the statement needs a newer PostgreSQL than the database has",
		Breaks:  "PostgreSQL refuses it, and the database is left dirty",
		Instead: "upgrade first, or do without",
		Bad:     "ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;", Good: "ALTER TABLE users ADD COLUMN a int;", On: 13,
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, a := range st.Acts {
				if a.Needs > s.options.Version {
					return fmt.Sprintf("it needs version %d, the review is for %d", a.Needs, s.options.Version), true
				}
			}
			return "", false
		},
	},
}
