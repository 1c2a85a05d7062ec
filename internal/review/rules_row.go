package review

import "fmt"

// few is how many rows a statement may change at once, as a batch does.
const few = 1000

// many is from where on a change of all rows at once is unsafe.
const many = 50_000

// rows says how many rows a change may concern, as far as is known.
func (s *scene) rows(a Act) (text string, low, high bool) {
	t := s.schema.Tables[a.On]
	if t == nil || t.Rows < 0 {
		return "how many rows it has is not known here", false, true
	}
	return fmt.Sprintf("about %.0f rows", t.Rows), t.Rows <= few, t.Rows > many
}

func changesRows(holds func(a Act, low, high bool) bool) func(*scene, *Statement, Act) (string, bool) {
	return func(s *scene, _ *Statement, a Act) (string, bool) {
		text, low, high := s.rows(a)
		return fmt.Sprintf("%v: %s", a.On, text), !s.single(a) && holds(a, low, high)
	}
}

const batched = "a backfill: -- bluegreen: backfill TABLE key=COLUMN, and the UPDATE in the comment lines below it (docs/backfills.md); a DELETE in batches of at most 1000 rows, each in a transaction of its own"

var rowRules = []Rule{
	{
		ID: "change-all-rows", Level: Unsafe, Rows: []int{44, 77}, ops: []Op{Update, Delete},
		Title:   "every row of a large table, or of one whose size is not known, is changed at once",
		Breaks:  "the live version waits for each of these rows until the file is done: 6.6 s for a million rows where it was measured",
		Instead: batched,
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, name text, nick text);",
		Bad:     "UPDATE users SET nick = name;", Good: "UPDATE users SET nick = name WHERE id BETWEEN 1 AND 1000;",
		holds: changesRows(func(a Act, _, high bool) bool { return !a.Filtered && high }),
	},
	{
		ID: "change-many-rows", Level: Risky, Rows: []int{44, 77}, ops: []Op{Update, Delete, Merge},
		Title:   "more rows may be changed at once than a batch has",
		Breaks:  "the live version waits for each of these rows until the file is done",
		Instead: batched,
		Given:   "CREATE TABLE users (id bigint PRIMARY KEY, name text, nick text);",
		Bad:     "UPDATE users SET nick = name WHERE nick IS NULL;", Good: "UPDATE users SET nick = name WHERE nick IS NULL AND id BETWEEN 1 AND 1000;",
		holds: changesRows(func(a Act, low, high bool) bool { return !low && (a.Filtered || !high) }),
	},
	{
		ID: "delete-rows", Level: Risky, Rows: []int{44, 77}, ops: []Op{Delete, Merge},
		Title:   "rows of a small table are deleted that no key names",
		Breaks:  "the live version may need them, and nothing brings them back: few rows are as lost as many",
		Instead: "delete them by their keys, or in a later release, when no version reads them",
		Given:   "CREATE TABLE roles (id bigint PRIMARY KEY, name text); -- 500 rows",
		Bad:     "DELETE FROM roles;", Good: "DELETE FROM roles WHERE id = 7;",
		holds: changesRows(func(a Act, low, _ bool) bool { return low && a.Removes }),
	},
	{
		ID: "lock-rows", Level: Risky, Rows: []int{44}, ops: []Op{LockRows},
		Title:   "more rows may be locked at once than a batch has",
		Breaks:  "the live version waits for each of these rows until the file is done",
		Instead: "lock the rows of one batch, by a range of the key or a LIMIT of at most 1000",
		Bad:     "SELECT * FROM users FOR UPDATE;", Good: "SELECT * FROM users ORDER BY id LIMIT 100 FOR UPDATE;",
		holds: changesRows(func(_ Act, low, _ bool) bool { return !low }),
	},
	{
		ID: "backfill-with-ddl", Level: Unsafe, Fresh: true, Rows: []int{45},
		Title:   "rows are changed while a table in use is locked by the same file",
		Breaks:  "the lock of the statement before is held over the whole change",
		Instead: "a file for the change of the schema, and batches for the rows",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nUPDATE users SET nick = name;", Good: "UPDATE users SET nick = name;",
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, a := range st.Acts {
				_, low, _ := s.rows(a)
				writes := a.Op == Update || a.Op == Delete || a.Op == Merge || a.Op == Insert && !a.Valued
				if writes && !s.single(a) && !low && len(s.held) > 0 && !s.schema.fresh(a.On) {
					return fmt.Sprintf("%s in line %d holds %v on %v", s.held[0].what, s.held[0].line, s.held[0].Mode, s.held[0].On), true
				}
			}
			return "", false
		},
	},
	{
		ID: "bad-backfill", Level: Unsafe, Fails: true, Rows: []int{44},
		Title:   "a backfill cannot be run",
		Breaks:  "the file would be applied, and its rows would stay as they are",
		Instead: "one UPDATE of the table that the directive names, by a key that is unique and not null, with a WHERE that no row meets once it is changed",
		Given:   "CREATE TABLE teams (id bigint PRIMARY KEY, name text, label text);",
		Bad:     "-- bluegreen: backfill teams key=name\n-- UPDATE teams SET label = upper(name) WHERE label IS NULL;", Good: "-- bluegreen: backfill teams key=id\n-- UPDATE teams SET label = coalesce(upper(name), '') WHERE label IS NULL;",
		holds: never,
	},
}
