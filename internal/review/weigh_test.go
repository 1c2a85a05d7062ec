package review_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

const worn = "CREATE TABLE users (id bigint PRIMARY KEY, n int); CREATE TABLE notes (id bigint)"

func on(name string, mode review.Mode) review.Effect {
	return review.Effect{Locks: []review.Lock{{On: review.Name{Name: name}, Mode: mode}}}
}

func rewriting(name string) review.Effect {
	e := on(name, review.AccessExclusive)
	e.Rewrites = []review.Name{{Name: name}}
	return e
}

// seen is a file of which a rehearsal has shown what each statement did.
func seen(real, additive bool, did ...review.Did) review.Shown {
	for i := range did {
		did[i].Statement = i
	}
	return review.Shown{Path: "2_new.up.sql", Exact: true, Real: real, Additive: additive, Did: did}
}

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
		"code that nobody can read, and is idle": {"DO $$ BEGIN EXECUTE format('SELECT %L', 1); END $$;", seen(true, true, review.Did{}), "", ""},
		"such code without rows":                 {"DO $$ BEGIN EXECUTE format('SELECT %L', 1); END $$;", seen(false, true, review.Did{}), "unread-code", ""},
		"such code that locks":                   {dynamic, seen(true, false, review.Did{Effect: on("users", review.AccessExclusive)}), "unread-code", "line 1: it took ACCESS EXCLUSIVE on users; the review had said no lock"},
		"such code that removes a function":      {dynamic, seen(true, false, review.Did{}), "unread-code", ""},
		"such code that changes many rows":       {dynamic, seen(true, true, review.Did{Changed: 1001, Effect: on("users", review.RowExclusive)}), "unread-code", ""},
		"such code in a function, which has not run": {"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DROP TABLE %I', 'users'); END $$;",
			seen(true, true, review.Did{}), "unread-code", ""},
		"a change of few rows":                 {"UPDATE users SET n = 1 WHERE n IS NULL;", seen(true, true, review.Did{Changed: 12, Effect: on("users", review.RowExclusive)}), "", ""},
		"a change of many rows":                {"UPDATE users SET n = 1 WHERE n IS NULL;", seen(true, true, review.Did{Changed: 5000, Effect: on("users", review.RowExclusive)}), "change-many-rows", ""},
		"a type that was not known":            {"ALTER TABLE users ADD COLUMN a somewhere.mystery;", seen(true, false, review.Did{Effect: on("users", review.AccessExclusive)}), "", ""},
		"a type that was not known, and costs": {"ALTER TABLE users ADD COLUMN a somewhere.mystery;", seen(true, false, review.Did{Effect: rewriting("users")}), "add-column-unknown-type seen-rewrite", "line 1: it has written users again; the review had not said so"},
		"a drop stays one":                     {"ALTER TABLE users DROP COLUMN n;", seen(true, true, review.Did{Effect: on("users", review.AccessExclusive)}), "drop-column", ""},
		"another file":                         {dynamic, review.Shown{Path: "3.up.sql", Exact: true, Real: true, Additive: true}, "unread-code", ""},
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

func TestOnlyAGuessWaitsForTheRehearsal(t *testing.T) {
	t.Parallel()
	for sql, sure := range map[string]bool{dynamic: false, "ALTER TABLE users DROP COLUMN n;": true, dynamic + "DROP TABLE notes;": true, "ALTER TABLE users ADD COLUMN a int;": false} {
		r := judge(t, worn, sql, review.Options{LockTimeout: time.Second})
		if err := r.Sure(nil); (err != nil) != sure {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
