package migrate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// rehearsed are the inputs of a rehearsal on the live server.
var rehearsed = []string{"--database-rehearsal-where", "production", "--database-rehearsal-free", "20GB"}

// inhabited is a database with rows.
func inhabited(t *testing.T) *step {
	t.Helper()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, n int);\nINSERT INTO users SELECT i, i FROM generate_series(1, 100) i;")
	s.write("1_users.down.sql", "DROP TABLE users;")
	s.run().want(0, "Rehearsal: not rehearsed: set database.rehearsal.url to another server", "B.2.v3")
	return s
}

func TestAReleaseIsRehearsedOnTheRowsOfItsBackup(t *testing.T) {
	t.Parallel()
	s := inhabited(t)
	s.write("2_mail.up.sql", "ALTER TABLE users ADD COLUMN mail text;")
	s.write("2_mail.down.sql", "ALTER TABLE users DROP COLUMN mail;")
	s.write("3_tags.up.sql", "DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', 'tags'); END $$;")
	s.run(rehearsed...).want(0, "on the restored backup", "2 files up, 1 of them down and up again without a difference or a loss",
		"ACCESS EXCLUSIVE on users, held for", "came back without a loss, on real rows", "no way back: no down file", "settled: the rehearsal on real rows has shown",
		"restored and compared", "3 tables have as many rows as its snapshot had", "on 100 rows of the restored backup", "version 0 → 3")
	text, err := os.ReadFile(filepath.Join(s.dir, "bluegreen-report", "rehearsal.json"))
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ Proofs []migration.Proof }
	if err := json.Unmarshal(text, &h); err != nil || len(h.Proofs) != 2 || !h.Proofs[0].Reversible() {
		t.Errorf("%v %s", err, text)
	}
}

// TestTheRulesOfARehearsal runs their examples.
func TestTheRulesOfARehearsal(t *testing.T) {
	t.Parallel()
	for _, rule := range review.Rules() {
		if !rule.Seen {
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			s := inhabited(t)
			s.write("2_new.up.sql", rule.Bad)
			s.run(rehearsed...).want(1, "["+rule.ID+"]", "other than the review had said")
			if n := s.has(columns); n != 2 {
				t.Errorf("%d columns after a refusal", n)
			}
			s.write("2_new.up.sql", rule.Good)
			s.run(rehearsed...).want(0, "version 0 → 2")
		})
	}
}

func TestADryRunRehearsesOnAnotherServer(t *testing.T) {
	t.Parallel()
	s := inhabited(t)
	s.write("2_mail.up.sql", "ALTER TABLE users ADD COLUMN mail text;")
	s.run(append(rehearsed, "--dry-run")...).want(0, "Rehearsal: not in a dry run, since it would make a database on the live server")
	other := []string{"--database-rehearsal-url", lab.OwnPostgres(t, "").URL, "--dry-run"}
	s.run(other...).want(0, "migrate: dry run; version 1, 1 files to apply", "the server of database.rehearsal.url", "the schema alone: there is no backup on this machine")
	s.write("2_mail.up.sql", "ALTER TABLE nobody ADD COLUMN mail text;")
	s.run(other...).want(1, "rehearse migrations", `relation "nobody" does not exist`)
	if n := s.has(columns); n != 2 {
		t.Errorf("%d columns after dry runs", n)
	}
}

func TestARehearsalThatCannotBeIsBadInput(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_a.up.sql", "SELECT 1;")
	s.run("--database-rehearsal-where", "production").want(2, "free is missing")
	s.run("--database-rehearsal-where", "somewhere").want(2, "want auto, url, container, production or off")
	s.run("--database-rehearsal-url", "postgres://a", "--database-rehearsal-image", "postgres:15").want(2, "url and image are both set")
	s.run("--database-rehearsal-url", "postgres://u:hunter2@h").want(2, "database.rehearsal.url names no database")
}
