package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func shaped(t *testing.T, f review.File) review.Review {
	t.Helper()
	given := review.File{Path: "1.up.sql", SQL: "CREATE TABLE users (id bigint PRIMARY KEY, nick text, age int);", Applied: true}
	r, err := review.Run(&parser, []review.File{given, f}, review.NewSchema("files"), review.Options{Version: 15, LockTimeout: time.Second, Contract: "migrations/contract"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAContractFileMayTakeAwayWhatNobodyUsesAnyMore(t *testing.T) {
	t.Parallel()
	for sql, open := range map[string][]string{
		"ALTER TABLE users DROP COLUMN nick;":                    nil,
		"DROP TABLE users;":                                      nil,
		"ALTER TABLE users RENAME COLUMN nick TO name;":          nil,
		"ALTER TABLE users ALTER COLUMN age DROP NOT NULL;":      nil,
		"ALTER TABLE users ALTER COLUMN age SET NOT NULL;":       {"set-not-null"},
		"ALTER TABLE users ALTER COLUMN id TYPE text;":           {"change-primary-key"},
		"TRUNCATE users;":                                        {"truncate"},
		"DROP TABLE users CASCADE;":                              {"drop-cascade"},
		"ALTER TABLE users DROP nick;\nUPDATE users SET age = 1": {"backfill-with-ddl", "change-all-rows"},
	} {
		waited := shaped(t, review.File{Path: "c.up.sql", SQL: sql, Waited: "release shop-1 was migrated with it in hand"})
		var ids []string
		for _, p := range waited.Open(nil) {
			ids = append(ids, p.Rule.ID)
		}
		if slices.Sort(ids); !slices.Equal(slices.Compact(ids), open) {
			t.Errorf("%s: open %q, want %q", sql, ids, open)
		}
	}
}

func TestARemovalAmongTheOthersIsSentToTheContractFolder(t *testing.T) {
	t.Parallel()
	r := shaped(t, review.File{Path: "2.up.sql", SQL: "ALTER TABLE users DROP COLUMN nick;"})
	text := r.Text(nil)
	if !strings.Contains(text, "→ move it to a file of migrations/contract, which waits until no version that uses it is live; or write before it: -- bluegreen: allow drop-column and why") {
		t.Error(text)
	}
	waited := shaped(t, review.File{Path: "2.up.sql", SQL: "ALTER TABLE users DROP COLUMN nick;", Waited: "nobody is live"})
	if text := waited.Text(nil); !strings.Contains(text, "  waited: nobody is live") {
		t.Error(text)
	}
}

func TestWhatAFileIsBesideAnExpansion(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"ALTER TABLE users ADD COLUMN mail text;":                                                                               {},
		"CREATE TABLE teams (id bigint PRIMARY KEY);":                                                                           {},
		"CREATE INDEX CONCURRENTLY users_nick ON users (nick);":                                                                 {},
		"-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP COLUMN nick;":                                  {"drop-column"},
		"-- bluegreen: allow set-not-null it is small\nALTER TABLE users ALTER COLUMN age SET NOT NULL;":                        {"set-not-null"},
		"ALTER TABLE users ADD CHECK (age > 100) NOT VALID;":                                                                    {"add-check-not-valid"},
		"ALTER TABLE users ADD mail text;\nALTER TABLE users ADD CHECK (length(mail) > 3 AND mail LIKE '%@%') NOT VALID":        {},
		"ALTER TABLE users ADD mail text;\nALTER TABLE users ADD CHECK (mail IS NOT NULL) NOT VALID":                            {"add-check-not-valid"},
		"ALTER TABLE users ADD mail text;\nALTER TABLE users ADD CHECK (length(mail) > age) NOT VALID":                          {"add-check-not-valid"},
		"ALTER TABLE users ADD mail text DEFAULT '';\nALTER TABLE users ADD CHECK (length(mail) > 3) NOT VALID":                 {"add-check-not-valid"},
		"ALTER TABLE users ADD FOREIGN KEY (age) REFERENCES ages NOT VALID":                                                     {"add-foreign-key-not-valid"},
		"ALTER TABLE users ADD team int;\nALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams NOT VALID":                  {},
		"CREATE UNIQUE INDEX CONCURRENTLY i ON users (nick)":                                                                    {"new-unique-index"},
		"ALTER TABLE users ADD mail text;\n-- bluegreen: allow create-index it is empty\nCREATE UNIQUE INDEX i ON users (mail)": {},
		"ALTER TABLE users ADD mail text;\nCREATE UNIQUE INDEX i ON users (lower(mail))":                                        {"new-unique-index"},
		"ALTER TABLE users ALTER id DROP DEFAULT":                                                                               {"drop-default"},
		"ALTER TABLE users ALTER nick DROP DEFAULT":                                                                             {"drop-default-nullable"},
		"ALTER TABLE users ALTER id DROP NOT NULL, ALTER id DROP DEFAULT":                                                       {"drop-not-null"},
		"ALTER TABLE users ALTER nick SET DEFAULT ''":                                                                           {},
		"ALTER TYPE mood ADD VALUE 'fine'":                                                                                      {"add-enum-value"},
		"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'":                                                 {"replace-function"},
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'":                                                            {},
		"ALTER SEQUENCE s RESTART":               {"change-sequence"},
		"ALTER ROLE app NOLOGIN":                 {"shut-out"},
		"ALTER TABLE users ADD COLUM mail text;": {"syntax-error"},
	} {
		if have := shaped(t, review.File{Path: "2.up.sql", SQL: sql}).Breaks("2.up.sql"); !slices.Equal(have, want) {
			t.Errorf("%s: %q, want %q", sql, have, want)
		}
	}
}

func TestABackfillOfWhatWasThereIsNoExpansion(t *testing.T) {
	t.Parallel()
	for set, want := range map[string][]string{
		"mail = nick":              {},
		"mail = nick, nick = NULL": {"change-many-rows"},
		"age = 0":                  {"change-many-rows"},
	} {
		fill := review.Backfill{Line: 2, Table: review.Name{Name: "users"}, Key: "id", Batch: 1, Statement: "UPDATE users SET " + set + " WHERE age > 0", Target: "users", Set: set, Where: "age > 0"}
		f := review.File{Path: "2.up.sql", SQL: "ALTER TABLE users ADD COLUMN mail text;", Backfills: []review.Backfill{fill}}
		if have := shaped(t, f).Breaks("2.up.sql"); !slices.Equal(have, want) {
			t.Errorf("%s: %q, want %q", set, have, want)
		}
	}
}

func TestTheRulesThatShapesAreJudgedByExist(t *testing.T) {
	t.Parallel()
	for _, id := range review.Shapes() {
		if _, ok := review.RuleOf(id); !ok {
			t.Errorf("there is no rule %s", id)
		}
	}
}
