package review

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

var transactionRules = []Rule{
	{
		ID: "work-under-lock", Level: Risky, Fresh: true, Rows: []int{46},
		Title:   "slow work is done while an earlier statement's stronger or other lock is held",
		Breaks:  "a table that would have been free at once stays locked until the file is done",
		Instead: "a file for each",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nCREATE INDEX notes_author ON notes (author);", Good: "ALTER TABLE users ADD COLUMN nick text;\nALTER TABLE users ADD COLUMN alias text;",
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, h := range s.held {
				if s.now.Slow() && !s.now.has(h.Lock) && !slices.ContainsFunc(st.Acts, func(a Act) bool { return a.Op == Update || a.Op == Delete || a.Op == Merge || a.Op == Insert }) {
					return fmt.Sprintf("%s in line %d holds %v on %v", h.what, h.line, h.Mode, h.On), true
				}
			}
			return "", false
		},
	},
	{
		ID: "locks-held-together", Level: Risky, Fresh: true, Rows: []int{46},
		Title:   "one file locks several tables in use against writes",
		Breaks:  "all are locked until the last lock was waited for, and a transaction that takes them in another order meets a deadlock",
		Instead: "a file for each table",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nALTER TABLE notes ADD COLUMN title text;", Good: "ALTER TABLE users ADD COLUMN nick text;\nALTER TABLE users ADD COLUMN alias text;",
		holds: func(s *scene, _ *Statement, _ Act) (string, bool) {
			for _, l := range s.now.Locks {
				other := slices.IndexFunc(s.held, func(h held) bool { return h.On != l.On })
				if l.Mode.Strong() && other >= 0 && !s.holds(l.On) {
					h := s.held[other]
					return fmt.Sprintf("%v on %v, while line %d holds %v on %v", l.Mode, l.On, h.line, h.Mode, h.On), true
				}
			}
			return "", false
		},
	},
	{
		ID: "lock-timeout", Level: Risky, Fresh: true, Rows: []int{47}, ops: []Op{Set},
		Title:   "the file may wait for a lock for longer than the release lets it",
		Breaks:  "the live version queues behind a statement that waits: the lock timeout is the outage budget",
		Instead: "leave lock_timeout alone; the migrate action sets it, and tries again",
		Bad:     "SET lock_timeout = '10s';", Good: "SET lock_timeout = '50ms';",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			limit := s.options.LockTimeout
			if a.Called != "lock_timeout" || limit <= 0 {
				return "", false
			}
			d, ok := duration(a.To)
			return fmt.Sprintf("%s, where %v is set", a.To, limit), !ok || d == 0 || d > limit
		},
	},
	{
		ID: "no-lock-timeout", Level: Risky, Fresh: true, Rows: []int{47},
		Title:   "a table in use is locked without a lock timeout",
		Breaks:  "the live version queues behind a statement that waits for the lock, for as long as any reader takes",
		Instead: "let the migrate action apply the files, or SET lock_timeout before it",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;", Good: "SET lock_timeout = '100ms';\nALTER TABLE users ADD COLUMN nick text;",
		holds: func(s *scene, _ *Statement, _ Act) (string, bool) {
			top := s.now.Strongest()
			return fmt.Sprintf("%v on %v", top.Mode, top.On), s.options.LockTimeout <= 0 && !s.timed && top.Mode.Strong()
		},
	},
	{
		ID: "statement-timeout", Level: Note, Fresh: true, Rows: []int{48}, ops: []Op{Set},
		Title:   "the file changes how long its statements may run",
		Breaks:  "a statement that hangs is not ended when the release wants it",
		Instead: "leave statement_timeout alone; the migrate action sets it",
		Bad:     "SET statement_timeout = 0;", Good: "SET work_mem = '64MB';",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) { return a.To, a.Called == "statement_timeout" },
	},
	{
		ID: "no-triggers", Level: Risky, Fresh: true, ops: []Op{Set},
		Title:   "triggers and foreign keys are switched off for the session",
		Breaks:  "rows come that nothing has checked, and that the live version's triggers have not seen; what files behind this one change, too",
		Instead: "change the rows with the triggers on, in batches; or switch off one trigger, which the review finds as well",
		Bad:     "SET session_replication_role = replica;", Good: "SET session_replication_role = origin;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return a.To, a.Called == "session_replication_role" && a.To != "" && !slices.Contains([]string{"origin", "local"}, strings.ToLower(a.To))
		},
	},
	{
		ID: "search-path", Level: Risky, Fresh: true, ops: []Op{Set},
		Title:   "the search path is changed for the whole session",
		Breaks:  "later files, and golang-migrate's own table, are looked for in another schema",
		Instead: "SET LOCAL search_path, or write the schema before each name",
		Bad:     "SET search_path = shop;", Good: "SET LOCAL search_path = shop;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) { return a.To, a.Called == "search_path" && !a.Local },
	},
	{
		ID: "transaction-in-file", Level: Risky, Fresh: true, Rows: []int{72}, ops: []Op{Begin, Commit, Rollback},
		Title:   "the file begins or ends a transaction",
		Breaks:  "golang-migrate sends a file as one transaction; what was committed stays when a later statement fails, and the database is left dirty",
		Instead: "leave BEGIN and COMMIT out",
		Bad:     "ALTER TABLE users ADD COLUMN a int;\nCOMMIT;\nALTER TABLE users ADD COLUMN b int;", Good: "ALTER TABLE users ADD COLUMN a int;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) { return string(a.Op), !s.wrapped },
	},
}

// duration reads a time as PostgreSQL does: without a unit in milliseconds.
func duration(text string) (time.Duration, bool) {
	text = strings.ReplaceAll(strings.ToLower(text), " ", "")
	text = strings.NewReplacer("min", "m", "d", "*24h").Replace(text)
	if text == "0" || text == "" {
		return 0, text != ""
	}
	if last := text[len(text)-1]; last >= '0' && last <= '9' {
		text += "ms"
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}
