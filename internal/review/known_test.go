package review_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// TestWhatTheCatalogDoesNotHaveCannotBeDropped is the other half of row 40: a lenient
// DROP of what is not there does nothing, once that is known.
func TestWhatTheCatalogDoesNotHaveCannotBeDropped(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]review.Level{
		"DROP TABLE IF EXISTS users": unsafe, "DROP TABLE IF EXISTS people": unsafe, "DROP TABLE nowhere": unsafe, "DROP TYPE IF EXISTS nowhere": risky,
		"DROP TABLE IF EXISTS nowhere": safe, "DROP INDEX IF EXISTS nowhere": safe, "DROP VIEW IF EXISTS nowhere": safe, "DROP TRIGGER IF EXISTS t ON nowhere": safe,
		"DROP TRIGGER IF EXISTS stamp ON users": risky, "DROP TRIGGER IF EXISTS t ON users": safe, "DROP TRIGGER t ON users": risky,
	} {
		schema := review.NewSchema("catalog")
		schema.Complete = true
		schema.Tables[review.Name{Name: "users"}] = &review.Table{Triggers: []string{"stamp"}}
		schema.Tables[review.Name{Schema: "shop", Name: "people"}] = review.NewTable() // a search path may lead there
		r, err := review.Run(&parser, []review.File{{Path: "a", SQL: sql}}, schema, review.Options{Version: 15, LockTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if j := r.Files[0].Statements[0]; j.Level().Verdict() != want || want == safe && len(j.Effect.Locks) > 0 {
			t.Errorf("%s: %v, %v, want %v", sql, j.Level(), j.Effect, want)
		}
	}
}

// TestFilesTell is what the files have to tell of names and columns for the review of
// those that follow.
func TestFilesTell(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ given, sql, effect string }{
		"a constraint whose name was cut": {
			"CREATE TABLE offchainreporting_latest_round_requested (offchainreporting_oracle_spec_id int REFERENCES users);",
			"ALTER TABLE offchainreporting_latest_round_requested DROP CONSTRAINT offchainreporting_latest_roun_offchainreporting_oracle_spe_fkey",
			"ACCESS EXCLUSIVE on offchainreporting_latest_round_requested, ACCESS EXCLUSIVE on users",
		},
		"a table that was renamed under a foreign key": {
			"ALTER TABLE teams RENAME TO groups;",
			"ALTER TABLE users DROP CONSTRAINT users_team_fkey",
			"ACCESS EXCLUSIVE on users, ACCESS EXCLUSIVE on groups",
		},
		"a foreign key that went with its column": {
			"ALTER TABLE users DROP COLUMN team;",
			"DROP TABLE users CASCADE",
			"ACCESS EXCLUSIVE on users, ACCESS EXCLUSIVE on notes",
		},
		"a column that was renamed under a foreign key": {
			"ALTER TABLE users RENAME team TO crew;",
			"ALTER TABLE users ALTER crew TYPE bigint",
			"ACCESS EXCLUSIVE on users, ACCESS EXCLUSIVE on teams",
		},
		"a public table behind a search path": {
			"CREATE SCHEMA shop;",
			"SET search_path = shop, public;\nALTER TABLE public.users ADD COLUMN x text",
			"ACCESS EXCLUSIVE on users",
		},
		"a table of the search path": {
			"CREATE SCHEMA shop; CREATE TABLE shop.users (id int);",
			"SET search_path = shop, public;\nALTER TABLE users ADD COLUMN x text",
			"ACCESS EXCLUSIVE on shop.users",
		},
		"a new column without values": {
			"",
			"ALTER TABLE notes ADD COLUMN team bigint;\nALTER TABLE notes ADD FOREIGN KEY (team) REFERENCES teams",
			"SHARE ROW EXCLUSIVE on notes, SHARE ROW EXCLUSIVE on teams, scans notes",
		},
		"a new column that was filled": {
			"",
			"ALTER TABLE notes ADD COLUMN team bigint;\nUPDATE notes SET team = 1;\nALTER TABLE notes ADD FOREIGN KEY (team) REFERENCES teams",
			"SHARE ROW EXCLUSIVE on notes, SHARE ROW EXCLUSIVE on teams, scans notes, scans teams",
		},
		"an index that is there": {
			"CREATE INDEX i ON users (mail);",
			"CREATE INDEX IF NOT EXISTS i ON users (mail)",
			"SHARE on users",
		},
	} {
		r := judge(t, users+c.given, c.sql, review.Options{Version: 15, LockTimeout: time.Second})
		list := r.Files[0].Statements
		if got := list[len(list)-1].Effect.String(); got != c.effect {
			t.Errorf("%s: effect %q, want %q", what, got, c.effect)
		}
	}
}
