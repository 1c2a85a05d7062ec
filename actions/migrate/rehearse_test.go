package migrate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// rehearsed are the inputs of a rehearsal on the live server. Twice the lock timeout is
// more than a file is kept by other tests.
var rehearsed = []string{"--database-rehearsal-where", "production", "--database-rehearsal-free", "20GB", "--database-lock-timeout", "1s"}

// inhabited is a database with rows.
func inhabited(t *testing.T) *step {
	t.Helper()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, n int);\nINSERT INTO users SELECT i, i FROM generate_series(1, 5000) i;")
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
		"restored and compared", "3 tables have as many rows as its snapshot had", "on 5000 rows of the restored backup", "version 0 → 3")
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

// TestWhatARehearsalLosesIsNotApplied has rows that go with a key which is deleted.
func TestWhatARehearsalLosesIsNotApplied(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE teams (id bigint PRIMARY KEY);\nCREATE TABLE users (id bigint PRIMARY KEY, team bigint REFERENCES teams ON DELETE CASCADE);\n"+
		"CREATE INDEX users_team ON users (team);\nINSERT INTO teams VALUES (1), (2);\nINSERT INTO users SELECT i, 1 FROM generate_series(1, 20000) i;")
	s.run().want(0)
	s.write("2_team.up.sql", "DELETE FROM teams WHERE id = 1;")
	s.run(rehearsed...).want(1, "20000 rows of users", "[seen-rows]", "it has changed 20000 rows of users; the review had not said so")
	if n := s.has("SELECT count(*) FROM users"); n != 20000 {
		t.Errorf("%d rows after a refusal", n)
	}
	s.write("2_team.up.sql", "DELETE FROM teams WHERE id = 2;")
	s.run(rehearsed...).want(0, "version 0 → 2")
	s.write("3_teams.up.sql", "-- bluegreen: allow seen-rows they have left\nDELETE FROM teams WHERE id = 1;")
	s.run(append(rehearsed, "--database-allow", "[seen-rows]")...).want(0, "version 0 → 3", "they have left")
	if n := s.has("SELECT count(*) FROM bluegreen_migrations WHERE 'seen-rows' = ANY (breaks)"); n != 1 {
		t.Errorf("%d files are more than an expansion", n)
	}
}

// TestNothingIsSeenOfFilesThatDoWhatTheReviewHasSaid has what changes, reads and takes away
// many rows, also of partitions, and was answered for.
func TestNothingIsSeenOfFilesThatDoWhatTheReviewHasSaid(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_all.up.sql", `CREATE TABLE teams (id bigint PRIMARY KEY, name text);
CREATE TABLE users (id bigint PRIMARY KEY, n int, team bigint REFERENCES teams, nick text);
CREATE TABLE events (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO teams SELECT i, 'x' FROM generate_series(1, 3000) i;
INSERT INTO users SELECT i, i, 1 + i % 3000, 'x' FROM generate_series(1, 20000) i;
INSERT INTO events SELECT '2020-02-02', i FROM generate_series(1, 5000) i;
CREATE MATERIALIZED VIEW ids AS SELECT id FROM users;
CREATE UNIQUE INDEX ON ids (id);`)
	s.run().want(0)
	for i, c := range []struct{ rule, sql string }{
		{"set-not-null", "ALTER TABLE users ALTER COLUMN n SET NOT NULL;"},
		{"add-check", "ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0);"},
		{"add-foreign-key", "ALTER TABLE users ADD CONSTRAINT again FOREIGN KEY (team) REFERENCES teams;"},
		{"create-index", "CREATE INDEX ON users (n);"},
		{"change-all-rows", "UPDATE events SET n = n + 1;"},
		{"change-many-rows", "DELETE FROM events WHERE n < 3000;"},
		{"drop-table", "DROP TABLE events;"},
		{"refresh-view", "REFRESH MATERIALIZED VIEW CONCURRENTLY ids;"},
		{"refresh-view", "REFRESH MATERIALIZED VIEW ids;"},
		{"rename-table", "ALTER TABLE users RENAME TO people;"},
		{"change-many-rows", "DELETE FROM people WHERE n < 3000;"},
		{"truncate", "TRUNCATE people;"},
		{"", "CREATE TABLE fresh AS SELECT i AS id FROM generate_series(1, 5000) i; UPDATE fresh SET id = 1;"},
		{"", "UPDATE fresh SET id = 2; DELETE FROM fresh;"},
		{"", "INSERT INTO teams SELECT i, 'y' FROM generate_series(10000, 20000) i;"},
	} {
		if c.rule != "" {
			c.sql = "-- bluegreen: allow " + c.rule + " at night\n" + c.sql
		}
		s.write(fmt.Sprintf("%d_next.up.sql", i+2), c.sql)
	}
	s.run(append(rehearsed, "--database-allow", "[change-all-rows,drop-table,rename-table,truncate]")...).want(0, "version 0 → 16", "15 files up")
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
