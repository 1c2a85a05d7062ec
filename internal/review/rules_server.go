package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// serverRules are about what the live version uses without its being a table: its
// sequences, functions, roles, settings and sessions.
var serverRules = []Rule{
	{
		ID: "change-sequence", Level: Risky,
		Title:   "a sequence that is in use gives other numbers from now on",
		Breaks:  "the live version may get keys that are taken, or none, and waits for its next one until the file is done",
		Instead: "leave the sequence alone, or let it only go up: to more than it has given, and than any row has",
		Bad:     "ALTER SEQUENCE users_id_seq RESTART WITH 1;", Good: "ALTER SEQUENCE users_id_seq AS bigint NO MAXVALUE;",
		holds: func(s *scene, st *Statement, _ Act) (string, bool) {
			for _, a := range st.Acts {
				if a.Op == ChangeSequence && !s.schema.madeSequence(a.On) {
					return fmt.Sprintf("%v: %s", a.On, a.To), true
				}
			}
			i := slices.IndexFunc(st.Moved, func(n Name) bool { return !s.schema.madeSequence(s.find(n)) })
			if i < 0 || st.only(CreateFunction, CreateView) {
				return "", false
			}
			return strings.TrimSpace(st.Moved[i].String() + " by setval"), true
		},
	},
	{
		ID: "alter-function", Level: Risky, ops: []Op{AlterFunction},
		Title:   "a function is changed in how it is called",
		Breaks:  "the live version's calls may return null where an argument is, run with other rights, or find other tables",
		Instead: "make a function of another name, and let the new version call it",
		Bad:     "ALTER FUNCTION total(int) STRICT;", Good: "ALTER FUNCTION total(int) COST 10;",
		holds: func(s *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v: %s", a.On, a.To), !s.schema.made(a.On)
		},
	},
	{
		ID: "shut-out", Level: Unsafe, ops: []Op{ShutOut, SetSessions},
		Title:   "a role or a database is closed to those who use it",
		Breaks:  "the live version, if it is that role, cannot connect any more, or cannot write in any new session",
		Instead: "make a second role, let the next release use it, and close the first one behind that",
		Bad:     "ALTER ROLE app NOLOGIN;", Good: "CREATE ROLE app2 LOGIN;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return fmt.Sprintf("%v: %s", a.On, cmp.Or(a.To, a.Called)), a.Op == ShutOut || a.readOnly()
		},
	},
	{
		ID: "session-default", Level: Risky, ops: []Op{SetSessions},
		Title:   "a setting of all sessions to come is changed",
		Breaks:  "the live version's statements may mean something else, fail or be ended, from its next connection on",
		Instead: "let the new version set it for its own connections, or a transaction by SET LOCAL",
		Bad:     "ALTER DATABASE shop SET search_path = other;", Good: "ALTER DATABASE shop SET log_min_duration_statement = 250;",
		holds: func(_ *scene, _ *Statement, a Act) (string, bool) {
			return strings.TrimSpace(fmt.Sprintf("%v: %s %s", a.On, a.Called, a.To)), !a.readOnly() && !unnoticed(a)
		},
	},
	{
		ID: "end-sessions", Level: Unsafe, Fresh: true,
		Title:   "sessions or their statements are ended",
		Breaks:  "the live version's requests fail in the middle",
		Instead: "let database.terminate-idle-blockers end those that are idle and in the way, and no others",
		Bad:     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity;", Good: "SELECT pid FROM pg_stat_activity;",
		holds: func(_ *scene, st *Statement, _ Act) (string, bool) {
			i := slices.IndexFunc(st.Names, func(name string) bool { return name == "pg_terminate_backend" || name == "pg_cancel_backend" })
			if i < 0 || st.only(CreateFunction, CreateView) {
				return "", false
			}
			return st.Names[i], true
		},
	},
}

// only tells whether all that a statement does is of these kinds.
func (st *Statement) only(ops ...Op) bool {
	return !slices.ContainsFunc(st.Acts, func(a Act) bool { return !slices.Contains(ops, a.Op) })
}

// readOnly tells whether sessions to come cannot write.
func (a Act) readOnly() bool {
	return a.Op == SetSessions && a.Called == "default_transaction_read_only" && !slices.Contains([]string{"off", "false", "no", "0", ""}, strings.ToLower(a.To))
}

// quiet are the first words of settings by which no statement returns anything else:
// memory, plans, logs and statistics.
var quiet = []string{
	"work_mem", "maintenance_work_mem", "temp_buffers", "hash_mem_multiplier", "effective_", "random_page_cost", "seq_page_cost", "cpu_", "parallel_", "min_parallel_", "max_parallel_",
	"enable_", "jit", "geqo", "from_collapse_limit", "join_collapse_limit", "plan_cache_mode", "default_statistics_target", "constraint_exclusion",
	"log_", "auto_explain.", "track_", "pg_stat_statements.", "application_name", "default_transaction_read_only",
}

// unnoticed tells whether a setting is only a matter of speed or of logs. One with a
// point in its name is the application's own, or an extension's.
func unnoticed(a Act) bool {
	return strings.Contains(a.Called, ".") || slices.ContainsFunc(quiet, func(name string) bool { return strings.HasPrefix(a.Called, name) })
}

// madeSequence tells whether nobody but the files themselves can use a sequence: one
// that they have made, by name or behind a column.
func (s *Schema) madeSequence(n Name) bool {
	if s.Sequences[n] {
		return true
	}
	for table, t := range s.Tables {
		for column, f := range t.Columns {
			if (t.Fresh || f.Fresh) && table.Schema == n.Schema && nameOf(table.Name, []string{column}, "seq") == n.Name {
				return true
			}
		}
	}
	return false
}
