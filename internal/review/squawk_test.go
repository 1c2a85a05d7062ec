package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// example is what the documentation of squawk's rules calls bad or good, on our own
// tables. Files are parted by a line of dashes.
type example struct {
	rule string // of squawk
	sql  string
	bad  bool   // as squawk has it
	ours string // the rule that finds it; "" where nothing above a note does
	why  string // we differ
}

const apart = "\n---\n"

var squawk = []example{
	{rule: "adding-field-with-default", bad: true, sql: "ALTER TABLE users ADD COLUMN x int DEFAULT random()", ours: "add-column-volatile-default"},
	{rule: "adding-field-with-default", sql: "ALTER TABLE users ADD COLUMN x int DEFAULT 10"},
	{rule: "adding-field-with-default", sql: "ALTER TABLE users ADD COLUMN x int;\nALTER TABLE users ALTER COLUMN x SET DEFAULT random()"},
	{rule: "adding-foreign-key-constraint", bad: true, sql: "ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (boss) REFERENCES teams (id)", ours: "add-foreign-key"},
	{rule: "adding-foreign-key-constraint", sql: "ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (boss) REFERENCES teams (id) NOT VALID" + apart + "ALTER TABLE users VALIDATE CONSTRAINT f"},
	{rule: "adding-foreign-key-constraint", sql: "CREATE TABLE x (id bigint PRIMARY KEY, u bigint REFERENCES users (id))", ours: "create-table-references", why: "the other table is locked against writes until the file is done"},
	{rule: "adding-not-nullable-field", bad: true, sql: "ALTER TABLE users ALTER COLUMN mail SET NOT NULL", ours: "set-not-null"},
	{rule: "adding-not-nullable-field", sql: "ALTER TABLE users ADD CONSTRAINT m CHECK (mail IS NOT NULL) NOT VALID" + apart + "ALTER TABLE users VALIDATE CONSTRAINT m" + apart + "ALTER TABLE users ALTER COLUMN mail SET NOT NULL"},
	{rule: "adding-required-field", bad: true, sql: "ALTER TABLE users ADD COLUMN x boolean NOT NULL", ours: "add-column-not-null"},
	{rule: "adding-required-field", sql: "ALTER TABLE users ADD COLUMN x boolean"},
	{rule: "adding-required-field", sql: "ALTER TABLE users ADD COLUMN x boolean NOT NULL DEFAULT false"},
	{rule: "adding-serial-primary-key-field", bad: true, sql: "ALTER TABLE keyless ADD PRIMARY KEY (k)", ours: "add-primary-key"},
	{rule: "adding-serial-primary-key-field", sql: "CREATE UNIQUE INDEX CONCURRENTLY one ON keyless (k)" + apart + "ALTER TABLE keyless ADD CONSTRAINT one PRIMARY KEY USING INDEX one"},
	{rule: "ban-alter-domain-with-add-constraint", bad: true, sql: "ALTER DOMAIN positive ADD CHECK (VALUE < 100)", ours: "alter-domain"},
	{rule: "ban-char-field", bad: true, sql: "CREATE TABLE x (id bigint PRIMARY KEY, c char(3))", why: "a matter of taste: narrow-type, when asked"},
	{rule: "ban-concurrent-index-creation-in-transaction", bad: true, sql: "BEGIN;\nCREATE INDEX CONCURRENTLY i ON users (mail);\nCOMMIT", ours: "concurrently-with-others"},
	{rule: "ban-concurrent-index-creation-in-transaction", sql: "BEGIN;\nALTER TABLE users ADD COLUMN x int;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON users (mail)", ours: "concurrently-with-others", why: "golang-migrate sends the file as one message: the server refuses it"},
	{rule: "ban-create-domain-with-constraint", bad: true, sql: "CREATE DOMAIN small AS int CHECK (VALUE < 10)", why: "nothing is locked; a column that uses it is found"},
	{rule: "ban-drop-column", bad: true, sql: "ALTER TABLE users DROP COLUMN mail", ours: "drop-column"},
	{rule: "ban-drop-database", bad: true, sql: "DROP DATABASE shop", ours: "drop-schema"},
	{rule: "ban-drop-not-null", bad: true, sql: "ALTER TABLE users ALTER COLUMN name DROP NOT NULL", ours: "drop-not-null"},
	{rule: "ban-drop-table", bad: true, sql: "DROP TABLE users", ours: "drop-table"},
	{rule: "ban-truncate-cascade", bad: true, sql: "TRUNCATE teams CASCADE", ours: "truncate"},
	{rule: "ban-truncate-cascade", sql: "TRUNCATE notes, pages", ours: "truncate", why: "the live version's rows are gone without CASCADE as well"},
	{rule: "ban-uncommitted-transaction", bad: true, sql: "BEGIN;\nCREATE TABLE x (id bigint PRIMARY KEY)", ours: "transaction-in-file"},
	{rule: "ban-uncommitted-transaction", sql: "BEGIN;\nCREATE TABLE x (id bigint PRIMARY KEY);\nCOMMIT"},
	{rule: "changing-column-type", bad: true, sql: "ALTER TABLE users ALTER COLUMN age TYPE bigint", ours: "alter-type-rewrite"},
	{rule: "changing-column-type", bad: true, sql: "ALTER TABLE users ALTER COLUMN tag TYPE text", ours: "alter-type-metadata"},
	{rule: "constraint-missing-not-valid", bad: true, sql: "ALTER TABLE users ADD CONSTRAINT old CHECK (age >= 0)", ours: "add-check"},
	{rule: "constraint-missing-not-valid", sql: "ALTER TABLE users ADD CONSTRAINT old CHECK (age >= 0) NOT VALID" + apart + "ALTER TABLE users VALIDATE CONSTRAINT old"},
	{rule: "disallowed-unique-constraint", bad: true, sql: "ALTER TABLE users ADD CONSTRAINT u UNIQUE (mail)", ours: "add-unique"},
	{rule: "disallowed-unique-constraint", sql: "CREATE UNIQUE INDEX CONCURRENTLY u ON users (mail)" + apart + "ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX u"},
	{rule: "disallowed-unique-constraint", sql: "ALTER TABLE keyless ADD PRIMARY KEY USING INDEX keyless_id", ours: "primary-key-nullable", why: "the index has a column that may be null, so that the table is scanned"},
	{rule: "identifier-too-long", bad: true, sql: "CREATE TABLE x (id bigint PRIMARY KEY, " + strings.Repeat("long", 16) + " int)", ours: "long-identifier"},
	{rule: "prefer-bigint-over-int", bad: true, sql: "CREATE TABLE x (id int PRIMARY KEY)", why: "a matter of taste: narrow-type, when asked"},
	{rule: "prefer-identity", bad: true, sql: "CREATE TABLE x (id bigserial PRIMARY KEY)", why: "a matter of taste: both make a sequence"},
	{rule: "prefer-repack", bad: true, sql: "VACUUM FULL users", ours: "rewrite-table"},
	{rule: "prefer-repack", bad: true, sql: "CLUSTER users USING users_age", ours: "rewrite-table"},
	{rule: "prefer-robust-stmts", bad: true, sql: "CREATE INDEX CONCURRENTLY i ON users (mail)", why: "IF NOT EXISTS keeps a broken index in silence; the migrate action repairs it"},
	{rule: "prefer-robust-stmts", sql: "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (mail)", ours: "concurrently-if-not-exists", why: "the same from the other side"},
	{rule: "prefer-text-field", bad: true, sql: "CREATE TABLE x (id bigint PRIMARY KEY, s varchar(100))", why: "a longer varchar changes the catalog only"},
	{rule: "prefer-timestamptz", bad: true, sql: "CREATE TABLE x (id bigint PRIMARY KEY, t timestamp)", why: "a matter of taste: narrow-type, when asked"},
	{rule: "renaming-column", bad: true, sql: "ALTER TABLE users RENAME COLUMN nick TO alias", ours: "rename-column"},
	{rule: "renaming-table", bad: true, sql: "ALTER TABLE users RENAME TO people", ours: "rename-table"},
	{rule: "require-concurrent-index-creation", bad: true, sql: "CREATE INDEX i ON users (mail)", ours: "create-index"},
	{rule: "require-concurrent-index-creation", sql: "CREATE INDEX CONCURRENTLY i ON users (mail)"},
	{rule: "require-concurrent-index-deletion", bad: true, sql: "DROP INDEX users_age", ours: "drop-index"},
	{rule: "require-concurrent-index-deletion", sql: "DROP INDEX CONCURRENTLY users_age"},
	{rule: "require-concurrent-partition-detach", bad: true, sql: "ALTER TABLE events DETACH PARTITION events_2020", ours: "detach-partition"},
	{rule: "require-concurrent-partition-detach", sql: "ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY"},
	{rule: "require-concurrent-reindex", bad: true, sql: "REINDEX TABLE users", ours: "reindex"},
	{rule: "require-concurrent-reindex", sql: "REINDEX TABLE CONCURRENTLY users"},
	{rule: "require-enum-value-ordering", bad: true, sql: "ALTER TYPE mood ADD VALUE 'fine'", why: "a matter of taste: nothing breaks where values are not compared"},
	{rule: "require-enum-value-ordering", sql: "ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok'"},
	{rule: "require-lock-timeout", bad: true, sql: "ALTER TABLE users ADD COLUMN x int", why: "the migrate action sets it; without it, no-lock-timeout finds this"},
	{rule: "require-table-schema", bad: true, sql: "CREATE TABLE x (id bigint PRIMARY KEY)", why: "a matter of taste"},
	{rule: "syntax-error", bad: true, sql: "ALTER users", ours: "syntax-error"},
	{rule: "transaction-nesting", bad: true, sql: "BEGIN;\nBEGIN;\nALTER TABLE users ADD COLUMN x int;\nCOMMIT", ours: "transaction-in-file"},
}

// TestSquawksExamples holds the review to another judge: what squawk's documentation
// shows as bad and as good. Where we differ, the table says why.
func TestSquawksExamples(t *testing.T) {
	t.Parallel()
	agreed := 0
	for _, e := range squawk {
		found := above(t, strings.Split(e.sql, apart))
		switch {
		case e.ours != "" && !slices.Contains(found, e.ours), e.ours == "" && len(found) > 0:
			t.Errorf("%s: found %q, want %q:\n%s", e.rule, found, e.ours, e.sql)
		case (e.bad == (len(found) > 0)) != (e.why == ""):
			t.Errorf("%s: found %q, squawk says %v; the reason to differ is %q:\n%s", e.rule, found, e.bad, e.why, e.sql)
		case e.why == "":
			agreed++
		}
	}
	t.Logf("of %d examples, the review agrees with %d", len(squawk), agreed)
}

// above are the rules above a note that files break which are applied one by one.
func above(t *testing.T, list []string) []string {
	files := []review.File{{Path: "1_given.up.sql", SQL: users, Applied: true}}
	for _, sql := range list {
		files = append(files, review.File{Path: "2_new.up.sql", SQL: sql})
	}
	r, err := review.Run(&parser, files, review.NewSchema("files"), review.Options{Version: 15, LockTimeout: time.Second, Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range r.Findings() {
		if f.Rule.Level > review.Note {
			all = append(all, f.Rule.ID)
		}
	}
	return all
}
