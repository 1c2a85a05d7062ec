package review

import (
	"fmt"
	"slices"
)

func named(_ *scene, _ *Statement, a Act) (string, bool) { return a.On.String(), true }

var tableRules = []Rule{
	{
		ID: "create-table-references", Level: Risky, Fresh: true, Rows: []int{64}, ops: []Op{CreateTable},
		Title:   "a new table has a foreign key to a table in use",
		Breaks:  "nobody can write to that table (SHARE ROW EXCLUSIVE) until the file is done",
		Instead: "keep the file short; or make the table without it, and add the foreign key NOT VALID in a file of its own",
		Bad:     "CREATE TABLE notes (id bigint PRIMARY KEY, author bigint REFERENCES users);", Good: "CREATE TABLE notes (id bigint PRIMARY KEY, author bigint);",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			for _, c := range a.Constraints {
				if c.Kind == Foreign && c.Ref != a.On && !s.schema.fresh(c.Ref) {
					return fmt.Sprintf("%v points to %v", a.On, c.Ref), true
				}
			}
			return "", false
		},
	},
	{
		ID: "create-partition", Level: Risky, Fresh: true, Rows: []int{56}, ops: []Op{CreateTable},
		Title:   "a table is made as a partition",
		Breaks:  "the whole partitioned table is locked against everybody (ACCESS EXCLUSIVE)",
		Instead: "make the table by itself with a check of its bounds, then ATTACH PARTITION",
		Bad:     "CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM (2027) TO (2028);", Good: "CREATE TABLE events_2027 (y int CHECK (y = 2027));",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return a.On.String(), a.To == "partition" && len(a.Others) > 0 && !s.schema.fresh(a.Others[0])
		},
	},
	{
		ID: "attach-partition", Level: Risky, Rows: []int{55}, ops: []Op{AttachPartition},
		Title:   "a table is made a partition of another",
		Breaks:  "the partition is locked against everybody and scanned, unless a valid check proves its bounds; the parent is locked weakly",
		Instead: "add the check of the bounds NOT VALID and validate it before",
		Bad:     "ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM (2027) TO (2028);", Good: "ALTER TABLE events_2027 ADD CONSTRAINT y CHECK (y = 2027) NOT VALID;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v to %v", a.Others[0], a.On), !s.schema.fresh(a.Others[0])
		},
	},
	{
		ID: "detach-partition", Level: Risky, Rows: []int{57}, ops: []Op{DetachPartition},
		Title:   "a partition is detached",
		Breaks:  "its rows are gone from the table for the live version; without CONCURRENTLY both are locked against everybody",
		Instead: "DETACH PARTITION … CONCURRENTLY, alone in its file (PostgreSQL 14 and newer)",
		Bad:     "ALTER TABLE events DETACH PARTITION events_2020;", Good: "ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v from %v", a.Others[0], a.On), !a.Concurrently
		},
	},
	{
		ID: "drop-table", Level: Unsafe, Rows: []int{40}, ops: []Op{DropTable},
		Title:   "a table is dropped",
		Breaks:  "the live version's statements fail at once, and its rows are gone; every table that its foreign keys point to is locked against everybody as well",
		Instead: "stop using it in this release; drop it in the next one, its foreign keys first",
		Bad:     "drop table users;", Good: "CREATE TABLE users2 (id bigint PRIMARY KEY);",
		holds: named,
	},
	{
		ID: "drop-cascade", Level: Unsafe, Rows: []int{41}, ops: []Op{DropTable, DropView, DropColumn, DropConstraint, DropOther, DropSchema},
		Title:   "CASCADE drops what nobody has named",
		Breaks:  "everything that depends on it goes as well, in every table that it has to lock for that",
		Instead: "name what is to be dropped, in its order",
		Bad:     "DROP TABLE users CASCADE;", Good: "ALTER TABLE notes DROP CONSTRAINT notes_author_fkey;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) { return a.On.String(), a.Cascade },
	},
	{
		ID: "drop-schema", Level: Unsafe, Rows: []int{42}, ops: []Op{DropSchema, DropDatabase},
		Title:   "a schema, a database or everything of a role is dropped",
		Breaks:  "whatever the live version has in it is gone",
		Instead: "drop what is not used any more, by its name, in a later release",
		Bad:     "DROP SCHEMA old;", Good: "CREATE SCHEMA young;",
		holds: named,
	},
	{
		ID: "rename-table", Level: Unsafe, Rows: []int{37}, ops: []Op{RenameTable, SetSchema},
		Title:   "a table is renamed or moved to another schema",
		Breaks:  "every statement of the live version that names it fails at once",
		Instead: "make a view of the old name in the same file, and drop it two releases later",
		Bad:     "ALTER TABLE users RENAME TO people;", Good: "ALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v becomes %s", a.On, a.To), !slices.Contains(s.later, a.On)
		},
	},
	{
		ID: "rename-table-behind-view", Level: Risky, Rows: []int{37}, ops: []Op{RenameTable, SetSchema},
		Title:   "a table is renamed, and a view has its old name",
		Breaks:  "reads and simple writes go through the view; upserts, locks and the like of the live version may not",
		Instead: "test the live version with the view",
		Bad:     "ALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;", Good: "CREATE VIEW people AS SELECT * FROM users;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v becomes %s", a.On, a.To), slices.Contains(s.later, a.On)
		},
	},
	{
		ID: "rename-schema", Level: Unsafe, Rows: []int{38}, ops: []Op{RenameSchema},
		Title:   "a schema is renamed",
		Breaks:  "every statement of the live version that names it fails at once",
		Instead: "make a new one, with views of the old tables",
		Bad:     "ALTER SCHEMA shop RENAME TO store;", Good: "CREATE SCHEMA store;",
		holds: on("%s becomes %s", func(a Act) []any { return []any{a.On.Name, a.To} }),
	},
	{
		ID: "rename-inner", Level: Note, ops: []Op{RenameInner},
		Title:   "a constraint or an index is renamed",
		Breaks:  "an upsert of the live version that names the constraint fails",
		Instead: "make sure that no version names it",
		Bad:     "ALTER INDEX users_nick RENAME TO users_alias;", Good: "CREATE INDEX CONCURRENTLY users_alias ON users (nick);",
		holds: always,
	},
	{
		ID: "truncate", Level: Unsafe, Rows: []int{43}, ops: []Op{Truncate},
		Title:   "a table is emptied",
		Breaks:  "the live version's rows are gone, and the table is locked against everybody (ACCESS EXCLUSIVE); with CASCADE so are all that point to it",
		Instead: "delete in batches what nobody needs any more",
		Bad:     "truncate users;", Good: "DELETE FROM users WHERE id BETWEEN 1 AND 500;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			for _, n := range a.Others {
				if !s.schema.fresh(n) {
					return n.String(), true
				}
			}
			return "", false
		},
	},
	{
		ID: "lock-table", Level: Unsafe, Rows: []int{69}, ops: []Op{LockTable},
		Title:   "a table is locked by hand",
		Breaks:  "the live version waits until the file is done",
		Instead: "leave it to the statements, which take the weakest lock that they need",
		Bad:     "LOCK TABLE users;", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return modeOf(a.To).String(), slices.ContainsFunc(a.Others, func(n Name) bool { return !s.schema.fresh(n) })
		},
	},
	{
		ID: "set-logged", Level: Unsafe, Rows: []int{52}, ops: []Op{SetLogged, SetTablespace},
		Title:   "a table is written again to another place or kind of storage",
		Breaks:  "it is locked against everybody (ACCESS EXCLUSIVE) meanwhile; an unlogged one loses its rows in a crash",
		Instead: "make a new table, and move over in batches",
		Bad:     "ALTER TABLE users SET UNLOGGED;", Good: "ALTER TABLE users SET (fillfactor = 80);",
		holds: named,
	},
	{
		ID: "set-access-method", Level: Unsafe, Rows: []int{53}, ops: []Op{SetAccessMethod}, On: 15,
		Title:   "a table is written again by another access method",
		Breaks:  "it is locked against everybody (ACCESS EXCLUSIVE) meanwhile",
		Instead: "make a new table, and move over in batches",
		Bad:     "ALTER TABLE users SET ACCESS METHOD heap;", Good: "ALTER TABLE users SET (fillfactor = 80);",
		holds: named,
	},
	{
		ID: "rewrite-table", Level: Unsafe, Rows: []int{54}, ops: []Op{Cluster, FullVac},
		Title:   "CLUSTER or VACUUM FULL writes a table again",
		Breaks:  "it is locked against everybody (ACCESS EXCLUSIVE) meanwhile",
		Instead: "use pg_repack, outside of the migrations",
		Bad:     "VACUUM FULL users;", Good: "VACUUM users;",
		holds: always,
	},
	{
		ID: "row-security", Level: Risky, Rows: []int{51}, ops: []Op{RowSecurity, CreatePolicy},
		Title:   "row level security is changed",
		Breaks:  "the live version may see no row any more, and the table is locked for a moment (ACCESS EXCLUSIVE)",
		Instead: "make the policies first, for the role of the live version as well, then enable it",
		Bad:     "ALTER TABLE users ENABLE ROW LEVEL SECURITY;", Good: "ALTER TABLE users ADD COLUMN tenant text;",
		holds: named,
	},
	{
		ID: "alter-table-briefly", Level: Risky, Rows: []int{67}, ops: []Op{AlterBriefly, Inherit},
		Title:   "a table is changed in the catalog only, under the strongest lock",
		Breaks:  "everybody waits for a moment, and for as long as the lock is waited for",
		Instead: "do it in a file of its own",
		Bad:     "ALTER TABLE users OWNER TO admin;", Good: "ALTER TABLE users ALTER COLUMN nick SET STATISTICS 500;",
		holds: named,
	},
	{
		ID: "several-alters", Level: Note, Style: true, Rows: []int{71},
		Title:   "one table is altered by several statements of a file",
		Breaks:  "each waits for the lock anew where the file is no transaction",
		Instead: "one ALTER TABLE with several actions, if each of them is quick",
		Bad:     "ALTER TABLE users ADD COLUMN a int;\nALTER TABLE users ADD COLUMN b int;", Good: "ALTER TABLE users ADD COLUMN a int, ADD COLUMN b int;",
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, a := range st.Acts {
				if a.Op == AddColumn && s.altered[a.On] > 0 {
					return a.On.String(), true
				}
			}
			return "", false
		},
	},
}
