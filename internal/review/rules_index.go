package review

import "fmt"

var indexRules = []Rule{
	{
		ID: "create-index", Level: Risky, Rows: []int{27}, ops: []Op{CreateIndex},
		Title:   "an index is built while nobody can write",
		Breaks:  "writes to the table wait (SHARE) until the index is built",
		Instead: "CREATE INDEX CONCURRENTLY, alone in its file",
		Bad:     "CREATE INDEX users_nick ON users (nick);", Good: "CREATE INDEX CONCURRENTLY users_nick ON users (nick);",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%s on %v", a.Called, a.On), !a.Concurrently
		},
	},
	{
		ID: "drop-index", Level: Risky, Rows: []int{28}, ops: []Op{DropIndex},
		Title:   "an index is dropped under a lock of its table",
		Breaks:  "the table is locked against everybody (ACCESS EXCLUSIVE), and the live version's queries may need the index",
		Instead: "DROP INDEX CONCURRENTLY, alone in its file",
		Bad:     "DROP INDEX users_nick;", Good: "DROP INDEX CONCURRENTLY users_nick;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return a.On.String(), !a.Concurrently && !s.schema.fresh(s.schema.Indexes[a.On])
		},
	},
	{
		ID: "concurrently-with-others", Level: Unsafe, Fails: true, Fresh: true, Rows: []int{29},
		ops:     []Op{CreateIndex, DropIndex, Reindex, DetachPartition},
		Title:   "a statement that cannot run in a transaction is beside others",
		Breaks:  "PostgreSQL refuses it, and the database is left dirty: golang-migrate sends a file as one transaction",
		Instead: "give it a file of its own, without BEGIN and without SET",
		Bad:     "SET lock_timeout = '100ms';\nCREATE INDEX CONCURRENTLY users_nick ON users (nick);", Good: "CREATE INDEX CONCURRENTLY users_nick ON users (nick);",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("there are %d statements in the file", s.count), a.Concurrently && (s.count > 1 || s.inside > 0)
		},
	},
	{
		ID: "concurrently-if-not-exists", Level: Risky, Rows: []int{30}, ops: []Op{CreateIndex},
		Title:   "IF NOT EXISTS takes a broken index for the one that is wanted",
		Breaks:  "an earlier try that was interrupted has left an invalid index, which this statement then keeps in silence",
		Instead: "leave IF NOT EXISTS out: the migrate action drops an invalid index and builds it again",
		Bad:     "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_nick ON users (nick);", Good: "CREATE INDEX CONCURRENTLY users_nick ON users (nick);",
		holds: where(func(a Act) bool { return a.Concurrently && a.Lenient }),
	},
	{
		ID: "new-unique-index", Level: Note, Rows: []int{21}, ops: []Op{CreateIndex},
		Title:   "rows have to be unique from now on",
		Breaks:  "the live version's writes are refused where they are not",
		Instead: "make sure that the live version writes no duplicates",
		Bad:     "CREATE UNIQUE INDEX CONCURRENTLY users_nick ON users (nick);", Good: "CREATE INDEX CONCURRENTLY users_nick ON users (nick);",
		holds:  where(func(a Act) bool { return a.Unique }),
		spares: func(s *scene, a Act) bool { return a.Needs == 0 && s.schema.unwritten(a.On, a.Keys) }, // nulls differ
	},
	{
		ID: "reindex", Level: Unsafe, Rows: []int{31}, ops: []Op{Reindex},
		Title:   "indexes are built again while nobody can write",
		Breaks:  "writes to the table wait (SHARE), and so do reads that would use the index (ACCESS EXCLUSIVE)",
		Instead: "REINDEX … CONCURRENTLY, alone in its file",
		Bad:     "REINDEX TABLE users;", Good: "REINDEX TABLE CONCURRENTLY users;",
		holds: where(func(a Act) bool { return !a.Concurrently }),
	},
	{
		ID: "wide-index", Level: Note, Style: true, Rows: []int{70}, ops: []Op{CreateIndex},
		Title:   "an index has more than three columns",
		Breaks:  "it is large and slows every write, and seldom are all of its columns used",
		Instead: "leave out what does not select",
		Bad:     "CREATE INDEX CONCURRENTLY many ON users (a, b, c, d);", Good: "CREATE INDEX CONCURRENTLY few ON users (a, b);",
		holds: where(func(a Act) bool { return len(a.Keys) > 3 }),
	},
}
