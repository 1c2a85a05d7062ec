package migration_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func TestBackfillsOfAFile(t *testing.T) {
	t.Parallel()
	got, err := migration.Backfills(`ALTER TABLE users ADD COLUMN nick text; -- bluegreen: allow add-column it is new
SELECT '
-- bluegreen: backfill nothing';

-- bluegreen: backfill users key=id
-- UPDATE users u SET nick = coalesce(u.name, ';') -- a comment; in it
--   WHERE u.nick IS DISTINCT FROM 'x' AND extract(year FROM u.at) > 1;
-- This is no part of it.
-- bluegreen: backfill shop."Order" key="Id" batch=10 pause=1s once
--UPDATE ONLY shop."Order" SET (a, b) = (SELECT 1, 2 FROM c WHERE true) WHERE a IS NULL OR b IS NULL ;
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []review.Backfill{
		{
			Line: 5, Table: review.Name{Name: "users"}, Key: "id", Batch: 1000, Pause: 50 * time.Millisecond,
			Statement: "UPDATE users u SET nick = coalesce(u.name, ';') -- a comment; in it\n  WHERE u.nick IS DISTINCT FROM 'x' AND extract(year FROM u.at) > 1",
			Target:    "users u", Set: "nick = coalesce(u.name, ';') -- a comment; in it", Where: "u.nick IS DISTINCT FROM 'x' AND extract(year FROM u.at) > 1",
		},
		{
			Line: 9, Table: review.Name{Schema: "shop", Name: "Order"}, Key: "Id", Batch: 10, Pause: time.Second, Once: true,
			Statement: `UPDATE ONLY shop."Order" SET (a, b) = (SELECT 1, 2 FROM c WHERE true) WHERE a IS NULL OR b IS NULL`,
			Target:    `ONLY shop."Order"`, Set: "(a, b) = (SELECT 1, 2 FROM c WHERE true)", Where: "a IS NULL OR b IS NULL",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBackfillsThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "-- UPDATE users SET a = 1 WHERE a IS NULL;"
	for text, want := range map[string]string{
		"-- bluegreen: backfil users key=id\n" + good:                                           `line 1: bluegreen: "backfil": want one of allow, backfill`,
		"\n-- bluegreen: backfill\n" + good:                                                     "line 2: backfill: want: backfill TABLE",
		"-- bluegreen: backfill users\n" + good:                                                 "no key",
		"-- bluegreen: backfill Users key=id\n" + good:                                          "names in lower case",
		"-- bluegreen: backfill users key=id batch=0\n" + good:                                  "batch 0: want 1 to 1000",
		"-- bluegreen: backfill users key=id batch=1001\n" + good:                               "batch 1001: want 1 to 1000",
		"-- bluegreen: backfill users key=id pause=2h\n" + good:                                 "pause 2h: want 0s to 1m0s",
		"-- bluegreen: backfill users key=a,b\n" + good:                                         "key a,b: want the name of one column",
		"-- bluegreen: backfill users key=id rows=7\n" + good:                                   "rows=7: want key=, batch=, pause= or once",
		"-- bluegreen: backfill users key=id once=no\n" + good:                                  "once=no: want once, without a value",
		"-- bluegreen: backfill users key=id\n\n" + good:                                        "no statement",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 WHERE a IS NULL":        "no statement",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1;":                       "no WHERE",
		"-- bluegreen: backfill users key=id\n-- DELETE FROM users;":                            "DELETE: want an UPDATE",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 FROM b WHERE c;":        "FROM: want one UPDATE of one table",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 WHERE b RETURNING c;":   "RETURNING: want one UPDATE",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 WHERE b) OR (c;":        "a bracket that was not opened",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = $1 WHERE b;":              "a placeholder such as $1",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 'x WHERE b;":              "a quote that is not closed",
		"-- bluegreen: backfill users key=id\n-- UPDATE users SET WHERE b;":                     "want UPDATE table SET",
		"-- bluegreen: backfill users key=id\n-- bluegreen: allow drop-table it is so\n" + good: "no statement",
	} {
		if _, err := migration.Backfills(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}

// TestADirectiveThatTellsUsNothingIsRefused: nobody would notice that it does nothing.
func TestADirectiveThatTellsUsNothingIsRefused(t *testing.T) {
	t.Parallel()
	for text, slip := range map[string]bool{
		"-- Bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 WHERE a IS NULL;":         true,
		"-- BLUEGREEN: allow drop-table nobody reads it":                                          true,
		"-- bluegreen : backfill users key=id":                                                    true,
		"-- bluegreen backfill users key=id":                                                      true,
		"-- blue-green: contract after=7":                                                         true,
		"-- blugreen: backfill users batch=7 key=id":                                              true,
		"-- blugreen: contract after=7":                                                           true,
		"/* bluegreen: backfill users key=id\n   UPDATE users SET a = 1 WHERE a IS NULL; */":      true,
		"/*\n * Bluegreen: backfill users key=id\n */":                                            true,
		"/* bluegreen: contract after=7 */":                                                       true,
		"/* Bluegreen: allow drop-table nobody reads it */":                                       true,
		"/* bluegreen: allow drop-table nobody reads it */":                                       false,
		"/*\n-- bluegreen: backfill users key=id\n-- UPDATE users SET a = 1 WHERE a IS NULL;\n*/": false, // it is taken out
		"-- -- bluegreen: backfill users key=id":                                                  false,
		"-- bluegreen is what releases it":                                                        false,
		"-- Blue-green: the old version still inserts without it":                                 false,
		"-- blue-green backfill is swept by finalize":                                             false,
		"-- see the backfill of users: key=id":                                                    false,
		"-- todo: contract after release 7":                                                       false,
		"SELECT '\n-- Bluegreen: backfill users key=id'":                                          false,
	} {
		_, err := migration.Backfills("SELECT 1;\n" + text + "\n")
		if slip != (err != nil) || slip && !strings.Contains(err.Error(), "tells us nothing: write -- bluegreen: and one of allow, backfill, contract") {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

func TestReasonsRightAboveABackfillAreIts(t *testing.T) {
	t.Parallel()
	const fill = "-- bluegreen: backfill a key=id\n-- UPDATE a SET b = f() WHERE b IS NULL;\n"
	list, err := migration.Backfills("-- bluegreen: allow drop-table above a line that is empty\n\n-- bluegreen: allow unread-code it only counts\n" + fill + fill)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]review.Comment{{Line: 3, Text: "bluegreen: allow unread-code it only counts"}}, list[0].Comments); diff != "" || list[1].Comments != nil {
		t.Errorf("%s, and %v", diff, list[1].Comments)
	}
}

func TestABackfillInAFileThatGoesDown(t *testing.T) {
	t.Parallel()
	_, err := migration.Read(folder(t, map[string]string{
		"1_a.up.sql":   "-- bluegreen: backfill a key=id\n-- UPDATE a SET b = 1 WHERE b IS NULL;\n",
		"1_a.down.sql": "-- bluegreen: backfill a key=id\n-- UPDATE a SET b = NULL WHERE b = 1;\n",
	}))
	if err == nil || !strings.Contains(err.Error(), "1_a.down.sql: line 1: a backfill in a file that goes down") || strings.Contains(err.Error(), "up.sql") {
		t.Errorf("%v", err)
	}
}

// FuzzBackfills: what is accepted can be put together again.
func FuzzBackfills(f *testing.F) {
	f.Add("-- bluegreen: backfill users key=id batch=10 pause=1s once\n-- UPDATE users SET a = 1 WHERE a IS NULL;")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := migration.Backfills(text)
		if err != nil {
			return
		}
		for _, b := range list {
			if b.Target == "" || b.Set == "" || b.Where == "" || b.Key == "" || b.Table.Name == "" || b.Batch < 1 || !strings.Contains(b.Statement, b.Where) {
				t.Errorf("%+v", b)
			}
		}
	})
}

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

func TestTheExamplesOfTheDocumentationAreBackfills(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/backfills.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range sqlBlock.FindAllStringSubmatch(string(text), -1) {
		list, err := migration.Backfills(m[1])
		if n += len(list); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
	}
	if n != 3 {
		t.Errorf("found %d, want 3", n)
	}
}
