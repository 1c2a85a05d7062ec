package review_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

const worn = "CREATE TABLE users (id bigint PRIMARY KEY, n int); CREATE TABLE notes (id bigint); CREATE TABLE days (at date) PARTITION BY RANGE (at); CREATE TABLE day1 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')"

func on(name string, mode review.Mode) review.Effect {
	return review.Effect{Locks: []review.Lock{{On: review.Name{Name: name}, Mode: mode}}}
}

func rewriting(name string) review.Effect {
	e := on(name, review.AccessExclusive)
	e.Rewrites = []review.Name{{Name: name}}
	return e
}

// changing is a statement that changes rows of a table.
func changing(name string, rows int64) review.Did {
	return review.Did{Effect: on(name, review.RowExclusive), Rows: []review.Touched{{On: review.Name{Name: name}, Changed: rows}}}
}

// reading is a statement that reads all rows of a table.
func reading(name string, rows int64) review.Did {
	return review.Did{Effect: on(name, review.AccessShare), Rows: []review.Touched{{On: review.Name{Name: name}, Read: rows}}}
}

// losing is a file that is known as a whole, and what was lost behind it.
func losing(exact bool, did review.Did, losses ...review.Loss) review.Shown {
	s := seen(true, true, did)
	s.Exact, s.Lost = exact, losses
	return s
}

func loss(name string, rows int64, gone bool) review.Loss {
	return review.Loss{On: review.Name{Name: name}, Rows: rows, Gone: gone, Text: "table " + name}
}

// seen is a file of which a rehearsal has shown what each statement did.
func seen(real, additive bool, did ...review.Did) review.Shown {
	for i := range did {
		did[i].Statement = i
	}
	return review.Shown{Path: "2_new.up.sql", Exact: true, Real: real, Additive: additive, Did: did}
}

const dynamicUpdate = "DO $$ BEGIN EXECUTE format('UPDATE %I SET n = 1', 'users'); END $$;"

const dynamic = "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN a int', 'users'); END $$;"

func TestWhatARehearsalHasShownCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   string
		shown review.Shown
		open  string // rules that keep the file from being applied
		said  string // of the disagreements
	}{
		"as the review had said": {"ALTER TABLE users ADD COLUMN a int;", seen(true, false, review.Did{Effect: on("users", review.AccessExclusive)}), "", ""},
		"a rewrite of which nothing was said": {"ALTER TABLE users ADD COLUMN a int;", seen(false, false, review.Did{Effect: rewriting("users")}),
			"seen-rewrite", "line 1: it has written users again; the review had not said so"},
		"a lock that is held for long": {"ALTER TABLE users ADD COLUMN a int;", seen(true, false, review.Did{Effect: on("users", review.AccessExclusive), Held: 2 * time.Second}),
			"seen-lock", "line 1: ACCESS EXCLUSIVE on users was held for 2s, and the review had found nothing"},
		"a lock that is held for long, and was answered for": {"-- bluegreen: allow seen-lock at night\nALTER TABLE users ADD COLUMN a int;",
			seen(true, false, review.Did{Effect: on("users", review.AccessExclusive), Held: 2 * time.Second}), "", "line 2: ACCESS EXCLUSIVE on users was held for 2s, and the review had found nothing"},
		"a lock on another table": {"ALTER TABLE users ADD COLUMN a int;", seen(true, false, review.Did{Effect: on("notes", review.ShareRowExclusive)}), "",
			"line 1: it took SHARE ROW EXCLUSIVE on notes; the review had said no lock, line 1: the review had said ACCESS EXCLUSIVE on users; it took no lock"},
		"a table that the files have made": {"CREATE TABLE mine (id bigint PRIMARY KEY); ALTER TABLE mine ALTER COLUMN id TYPE numeric;",
			seen(true, true, review.Did{}, review.Did{Effect: rewriting("mine")}), "", ""},
		"a truncation is no rewrite":             {"TRUNCATE users;", seen(true, false, review.Did{Effect: rewriting("users")}), "truncate", ""},
		"nor is one inside of code":              {"DO $$ BEGIN TRUNCATE users; END $$;", seen(true, false, review.Did{Effect: rewriting("users")}), "truncate", ""},
		"code that nobody can read, and is idle": {"DO $$ BEGIN EXECUTE format('SELECT %L', 1); END $$;", seen(true, true, review.Did{}), "", ""},
		"such code without rows":                 {"DO $$ BEGIN EXECUTE format('SELECT %L', 1); END $$;", seen(false, true, review.Did{}), "unread-code", ""},
		"such code that locks":                   {dynamic, seen(true, false, review.Did{Effect: on("users", review.AccessExclusive)}), "unread-code", "line 1: it took ACCESS EXCLUSIVE on users; the review had said no lock"},
		"such code that removes a function":      {dynamic, seen(true, false, review.Did{}), "unread-code", ""},
		"such code that changes many rows":       {dynamic, seen(true, true, changing("users", 1001)), "unread-code seen-rows", "line 1: it has changed 1001 rows of users; the review had not said so"},
		"such code in a function, which has not run": {"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', 'users'); END $$;",
			seen(true, true, review.Did{}), "unread-code", ""},
		"a change of few rows":                 {"UPDATE users SET n = 1 WHERE n IS NULL;", seen(true, true, changing("users", 12)), "", ""},
		"a change of many rows":                {"UPDATE users SET n = 1 WHERE n IS NULL;", seen(true, true, changing("users", 5000)), "change-many-rows", ""},
		"a type that was not known":            {"ALTER TABLE users ADD COLUMN a somewhere.mystery;", seen(true, false, review.Did{Effect: on("users", review.AccessExclusive)}), "", ""},
		"a type that was not known, and costs": {"ALTER TABLE users ADD COLUMN a somewhere.mystery;", seen(true, false, review.Did{Effect: rewriting("users")}), "add-column-unknown-type seen-rewrite", "line 1: it has written users again; the review had not said so"},
		"a drop stays one":                     {"ALTER TABLE users DROP COLUMN n;", seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}), "drop-column", ""},
		"rows that a cascade has changed": {"DELETE FROM users WHERE id = 7;", seen(true, true, review.Did{Effect: on("notes", review.RowExclusive), Rows: []review.Touched{
			{On: review.Name{Name: "notes"}, Changed: 20_000}, {On: review.Name{Name: "users"}, Changed: 1}}}),
			"seen-rows", "line 1: it has changed 20000 rows of notes; the review had not said so"},
		"rows that a cascade has changed, and that are lost": {"DELETE FROM users WHERE id = 7;", losing(true, changing("notes", 20_000), loss("notes", 20_000, false)),
			"seen-rows", "line 1: it has changed 20000 rows of notes; the review had not said so"},
		"rows of one table that were said, and of another that were not": {"-- bluegreen: allow change-many-rows at night\nDELETE FROM users WHERE n = 7;", seen(true, true, changing("notes", 20_000)),
			"seen-rows", "line 2: it has changed 20000 rows of notes; the review had not said so"},
		"rows of a partition":  {"-- bluegreen: allow change-many-rows at night\nDELETE FROM days WHERE at < now();", seen(true, true, changing("day1", 20_000)), "", ""},
		"rows that were added": {"INSERT INTO users SELECT * FROM generate_series(1, 5000);", seen(true, true, review.Did{Effect: on("users", review.RowExclusive), Rows: []review.Touched{{On: review.Name{Name: "users"}, Added: 5000}}}), "", ""},
		"rows that were answered for": {"-- bluegreen: allow unread-code it fills n\n-- bluegreen: allow seen-rows at night\n" + dynamicUpdate, seen(true, true, changing("users", 5000)),
			"seen-rows", "line 3: it has changed 5000 rows of users; the review had not said so"},
		"rows of what the files have made": {"CREATE TABLE mine (id bigint PRIMARY KEY); DO $$ BEGIN EXECUTE format('UPDATE %I SET id = 1', 'mine'); END $$;",
			seen(true, true, review.Did{}, changing("mine", 5000)), "", ""},
		"a loss that was not said":           {"ALTER TABLE users ADD COLUMN a int;", losing(true, review.Did{Effect: on("users", review.AccessExclusive)}, loss("users", 20_000, false)), "seen-rows", "line 1: the file has lost table users; the review had not said so"},
		"the loss of a small table":          {"SELECT 1;", losing(false, review.Did{}, loss("notes", 3, true)), "seen-rows", "line 1: the file has lost table notes; the review had not said so"},
		"the loss of a few rows":             {"DELETE FROM users WHERE id = 7;", losing(true, changing("users", 1), loss("users", 1, false)), "", ""},
		"a loss that was said":               {"-- bluegreen: allow drop-table nobody reads it\nDROP TABLE notes;", losing(true, review.Did{Effect: on("notes", review.AccessExclusive)}, loss("notes", 20_000, true)), "drop-table", ""},
		"a loss by a new name":               {"-- bluegreen: allow rename-table nobody reads it\nALTER TABLE notes RENAME TO remarks;", losing(true, review.Did{Effect: on("notes", review.AccessExclusive)}, loss("notes", 20_000, true)), "rename-table", ""},
		"a loss of what the files have made": {"SELECT 1;", losing(true, review.Did{}, loss("mine", 20_000, true)), "", ""},
		"a scan behind a lock": {"ALTER TABLE users ADD COLUMN a int; INSERT INTO users (id) VALUES (1);", seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}, reading("notes", 20_000)),
			"seen-scan", "line 1: it has read all of notes, 20000 rows; the review had not said so"},
		"a scan that keeps nobody": {"INSERT INTO users (id) VALUES (1);", seen(true, true, reading("notes", 20_000)), "", "line 1: it has read all of notes, 20000 rows; the review had not said so"},
		"a scan of a few rows":     {"ALTER TABLE users ADD COLUMN a int; INSERT INTO users (id) VALUES (1);", seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}, reading("notes", 1000)), "", ""},
		"a scan that was said":     {"ALTER TABLE users ADD COLUMN a int; SELECT count(*) FROM notes;", seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}, reading("notes", 20_000)), "work-under-lock", ""},
		"a lock that was held for long beside a guess that is settled": {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b somewhere.mystery;",
			seen(true, false, review.Did{Effect: on("users", review.AccessExclusive), Held: 3 * time.Second}, review.Did{}), "seen-lock", "line 1: ACCESS EXCLUSIVE on users was held for 3s, and the review had found nothing"},
		"a function of the server, which a scratch database does not show": {"SELECT pg_reload_conf();", seen(true, true, review.Did{}), "unread-code", ""},
		"such a function inside of code that can be read":                  {"DO $$ BEGIN PERFORM pg_drop_replication_slot('s'); END $$;", seen(true, true, review.Did{}), "unread-code", ""},
		"such a function inside of a function":                             {"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_reload_conf(); END $$; SELECT f();", seen(true, true, review.Did{}, review.Did{}), "unread-code", ""},
		"another file":                                                     {dynamic, review.Shown{Path: "3.up.sql", Exact: true, Real: true, Additive: true}, "unread-code", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := judge(t, worn, c.sql, review.Options{LockTimeout: time.Second})
			var said []string
			for _, d := range r.Weigh([]review.Shown{c.shown}) {
				said = append(said, d.String())
			}
			var open []string
			for _, p := range r.Open(nil) {
				open = append(open, p.Rule.ID)
			}
			if strings.Join(open, " ") != c.open || strings.Join(said, ", ") != c.said {
				t.Errorf("open %q, want %q; said %q, want %q", open, c.open, said, c.said)
			}
		})
	}
}

// TestALockIsHeldForLongByTheTimeoutOfTheConfiguration goes by what the live version may
// have to wait for a lock.
func TestALockIsHeldForLongByTheTimeoutOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		timeout, held time.Duration
		found         bool
	}{
		{100 * time.Millisecond, 900 * time.Millisecond, true},
		{100 * time.Millisecond, 200 * time.Millisecond, true},
		{100 * time.Millisecond, 199 * time.Millisecond, false},
		{time.Millisecond, 99 * time.Millisecond, false},
		{time.Millisecond, 100 * time.Millisecond, true},
		{5 * time.Second, 9 * time.Second, false},
	} {
		r := judge(t, worn, "ALTER TABLE users ADD COLUMN a int;", review.Options{LockTimeout: c.timeout})
		r.Weigh([]review.Shown{seen(true, true, review.Did{Effect: on("users", review.AccessExclusive), Held: c.held})})
		if found := len(r.Open(nil)) > 0; found != c.found {
			t.Errorf("%v after a timeout of %v: found %t", c.held, c.timeout, found)
		}
	}
}

func TestWhatARehearsalHasSeenIsMoreThanAnExpansion(t *testing.T) {
	t.Parallel()
	const file = "2_new.up.sql"
	for name, c := range map[string]struct {
		shown review.Shown
		want  string
	}{
		"nothing":   {seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}), ""},
		"rows":      {seen(true, true, changing("users", 5000)), "seen-rows"},
		"a loss":    {losing(true, review.Did{}, loss("notes", 1, true)), "seen-rows"},
		"a scan":    {seen(true, true, review.Did{Effect: on("users", review.AccessExclusive), Rows: reading("notes", 5000).Rows}), "seen-scan"},
		"a rewrite": {seen(true, true, review.Did{Effect: rewriting("users")}), "seen-rewrite"},
		"a lock":    {seen(true, true, review.Did{Effect: on("users", review.AccessExclusive), Held: time.Minute}), ""},
	} {
		r := judge(t, worn, "ALTER TABLE users ADD COLUMN a int;", review.Options{LockTimeout: time.Second})
		r.Weigh([]review.Shown{c.shown})
		if have := strings.Join(r.Breaks(file), " "); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}

func TestOnlyAGuessWaitsForTheRehearsal(t *testing.T) {
	t.Parallel()
	for sql, sure := range map[string]bool{"SELECT pg_reload_conf();": true, dynamic: false, "ALTER TABLE users DROP COLUMN n;": true, dynamic + "DROP TABLE notes;": true, "ALTER TABLE users ADD COLUMN a int;": false} {
		r := judge(t, worn, sql, review.Options{LockTimeout: time.Second})
		if err := r.Sure(nil); (err != nil) != sure {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
