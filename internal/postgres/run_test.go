package postgres_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var shop = map[string]string{
	"1_users.up.sql":   "CREATE TABLE users (id bigint PRIMARY KEY, mail text);\nINSERT INTO users SELECT n, 'user' || n FROM generate_series(1, 1000) n;",
	"1_users.down.sql": "DROP TABLE users",
	"2_seen.up.sql":    "BEGIN;\nALTER TABLE users ADD COLUMN seen timestamptz;\nCREATE TYPE mood AS ENUM ('ok');\nCOMMIT; -- done",
	"3_mail.up.sql":    "-- alone\nCREATE INDEX CONCURRENTLY users_mail ON users (mail);",
	"4_limit.up.sql":   "CREATE TABLE limits AS SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement",
}

func TestARunOnARealDatabase(t *testing.T) {
	t.Parallel()
	s := settings(t, shop)
	s.StatementTimeout = 2 * time.Minute
	var seen release.Findings
	db := open(t, s)
	report, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: db}, "shop-1", &seen)
	if err != nil {
		t.Fatal(err)
	}
	at(t, s, 4)
	var objects []string
	for _, f := range report.Files {
		objects = append(objects, strings.Join(f.Objects, ", "))
	}
	want := []string{"index users_pkey, table users", "column users.seen, table users, type mood", "valid index users_mail", "table limits"}
	if !slices.Equal(objects, want) {
		t.Errorf("objects %q", objects)
	}
	if !slices.Equal(report.Schema.Applied, []uint{1, 2, 3, 4}) || !report.Verified || report.Backup == nil || len(report.Backup.Tables) != 1 {
		t.Errorf("%+v, backup %+v", report, report.Backup)
	}
	c := connect(t, s)
	if n := c.number(`SELECT count(*) FROM limits WHERE lock = '100ms' AND statement = '2min'`); n != 1 {
		t.Error("the file ran under other timeouts")
	}
	if n := c.number(`SELECT count(*) FROM bluegreen_migrations WHERE settled_at IS NOT NULL AND release = 'shop-1'`); n != 4 {
		t.Errorf("the journal has %d files", n)
	}
	if n := c.number(`SELECT count(*) FROM bluegreen_migrations WHERE transaction IS NOT NULL`); n != 3 {
		t.Errorf("%d files have marked their transaction", n)
	}
	for _, e := range seen.List() {
		if e.Status == release.Failed {
			t.Errorf("%+v", e)
		}
	}
	again := must(t, s, "shop-2")
	if again.Nothing != "nothing to apply: the database is at version 4, applied by release shop-1" || again.Backup != nil || len(again.Files) != 0 {
		t.Errorf("%+v", again)
	}
}

func TestARoleWithoutPrivileges(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
	c, role := connect(t, s), lab.Name(t)
	c.exec(`CREATE ROLE "` + role + `" LOGIN PASSWORD 'a/b c:d@e%'; CREATE SCHEMA app AUTHORIZATION "` + role + `"`)
	t.Cleanup(func() { c.exec(`DROP OWNED BY "` + role + `" CASCADE; DROP ROLE "` + role + `"`) })
	s.URL = release.Secret(strings.Replace(s.URL.Reveal(), s.URL.Reveal()[len("postgres://"):strings.Index(s.URL.Reveal(), "@")], role+":a%2Fb%20c%3Ad%40e%25", 1) + "&search_path=app")
	must(t, s, "shop-1")
	if c.number(`SELECT count(*) FROM app.bluegreen_migrations`) != 1 || c.number(`SELECT count(*) FROM app.schema_migrations`) != 1 {
		t.Error("the tables are not in the schema of the search path")
	}
	s.URL = release.Secret(strings.Replace(s.URL.Reveal(), "&search_path=app", "", 1))
	if _, err := migrate(t.Context(), t, s, "shop-2", nil); err == nil || !strings.Contains(release.HintOf(err), "right to create tables in schema public") {
		t.Errorf("%v (%s)", err, release.HintOf(err))
	}
}

func TestTheTableCanHaveAnotherName(t *testing.T) {
	t.Parallel()
	s := settings(t, shop)
	must(t, s, "shop-1")
	contract := s
	contract.Contract.Table = "another"
	contract.Table, contract.Folder = "contract_migrations", t.TempDir()
	write(t, contract.Folder, map[string]string{"1_drop.up.sql": "ALTER TABLE users DROP COLUMN seen"})
	must(t, contract, "shop-1")
	at(t, contract, 1)
	at(t, s, 4)
}

func TestTwoMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	s := settings(t, shop)
	s.LockTimeout = soon
	holder := connect(t, s)
	holder.exec(`SELECT pg_advisory_lock(4711)`)
	write(t, s.Folder, map[string]string{"5_slow.up.sql": "SELECT pg_advisory_xact_lock(4711)", "6_more.up.sql": "CREATE INDEX CONCURRENTLY users_seen ON users (seen)"})
	type result struct {
		report migration.Report
		err    error
		waited bool
	}
	results, waiting := make(chan result), make(chan release.ID, 3)
	for _, id := range []release.ID{"shop-1", "shop-2", "shop-3"} {
		go func() {
			var r result
			r.report, r.err = migrate(t.Context(), t, s, id, func(e migration.Event) {
				if e.Kind == migration.Waiting && !r.waited {
					r.waited = true
					waiting <- id
				}
			})
			results <- r
		}()
	}
	t.Logf("%s and %s wait", <-waiting, <-waiting)
	holder.exec(`SELECT pg_advisory_unlock(4711)`)
	var files, waited, nothing int
	for range 3 {
		r := <-results
		if r.err != nil {
			t.Errorf("%v", r.err)
		}
		files += len(r.report.Files)
		if r.waited {
			waited++
		}
		if r.report.Nothing != "" {
			nothing++
		}
	}
	if files != 6 || waited != 2 || nothing != 2 {
		t.Errorf("%d files applied, %d runs waited, %d had nothing to do", files, waited, nothing)
	}
	at(t, s, 6)
}

func TestALockThatIsHeldByAnotherToolIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()"})
	other := connect(t, s)
	other.exec(`SET application_name = 'migrate'`)
	other.exec(`SELECT pg_advisory_lock(` + theirLock(t, s) + `)`)
	waiting := make(chan string, 1)
	done := make(chan error)
	go func() {
		_, err := migrate(t.Context(), t, s, "shop-1", func(e migration.Event) {
			if e.Kind == migration.Waiting {
				select {
				case waiting <- e.What:
				default:
				}
			}
		})
		done <- err
	}()
	select {
	case who := <-waiting:
		if !strings.HasSuffix(who, ", migrate") {
			t.Errorf("it waits for %q", who)
		}
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	}
	other.exec(`SELECT pg_advisory_unlock_all()`)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWaitingHasAnEnd(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()"})
	session, err := open(t, s).Lock(t.Context(), "shop-1", func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	s.Wait = time.Second
	if _, err := migrate(t.Context(), t, s, "shop-2", nil); err == nil || !strings.Contains(err.Error(), "it took longer than database.wait, 1s") {
		t.Error(err)
	}
}

func TestACancelledStatementEndsOnTheServer(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"in a transaction": {"1_a.up.sql": "CREATE TABLE a (id int)", "2_b.up.sql": "CREATE TABLE b (); SELECT pg_sleep(600)"},
		"making an index":  {"1_a.up.sql": "CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(600)'", "2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON a (slow(id))"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, files)
			ctx, cancel := context.WithCancelCause(t.Context())
			c := connect(t, s)
			done := make(chan error)
			var report migration.Report
			go func() {
				var err error
				report, err = migrate(ctx, t, s, "shop-1", nil)
				done <- err
			}()
			c.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
			cancel(errors.New("the job was cancelled"))
			if err := <-done; err == nil || !strings.Contains(err.Error(), "the job was cancelled") {
				t.Error(err)
			}
			at(t, s, 1)
			if now := state(t, s); len(now.Invalid) != 0 || report.Version != 1 {
				t.Errorf("invalid %q, report %+v", now.Invalid, report)
			}
			c.until(gone)
		})
	}
}

func TestFilesThatFailLeaveTheDatabaseAsItWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"the second statement":          {"CREATE TABLE b ();\nCREATE TABLE nowhere.c ();", `line 2: schema "nowhere" does not exist (SQLSTATE 3F000)`},
		"in its own transaction":        {"BEGIN;\nCREATE TABLE b ();\nSELECT 1/0;\nCOMMIT;", "division by zero (SQLSTATE 22012)"},
		"at the end of the transaction": {"ALTER TABLE a ADD CONSTRAINT u UNIQUE (id) DEFERRABLE INITIALLY DEFERRED; INSERT INTO a VALUES (1), (1)", "duplicate key value violates unique constraint"},
		"an index that is not unique":   {"CREATE UNIQUE INDEX CONCURRENTLY i ON a (same)", "could not create unique index"},
		"an index that is there":        {"CREATE INDEX CONCURRENTLY there ON a (id)", "the index there is there already"},
		"an index that was broken":      {"CREATE INDEX CONCURRENTLY IF NOT EXISTS broken ON a (id)", "an invalid index broken is there already"},
		"an index of another table":     {"CREATE INDEX CONCURRENTLY IF NOT EXISTS other ON a (id)", "the name other is taken by something else"},
		"an index that is not there":    {"DROP INDEX CONCURRENTLY i", "there is no index i to drop"},
		"longer than it may":            {"SELECT pg_sleep(600)", "canceling statement due to statement timeout"},
		"all together longer":           {strings.Repeat("SELECT pg_sleep(0.1);\n", 6000), "the file ran for longer than 2s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": `CREATE TABLE a (id int, same int); INSERT INTO a VALUES (1, 1), (2, 1);
				CREATE TABLE o (id int); CREATE INDEX there ON a (id); CREATE INDEX other ON o (id); CREATE INDEX broken ON a (id)`})
			must(t, s, "shop-1")
			db := connect(t, s)
			db.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass`)
			write(t, s.Folder, map[string]string{"2_b.up.sql": c.file})
			limited := s
			if strings.Contains(c.file, "pg_sleep") {
				limited.StatementTimeout = 2 * time.Second
			}
			_, err := migrate(t.Context(), t, limited, "shop-2", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "UPDATE") {
				t.Fatalf("%v", err)
			}
			at(t, s, 1)
			if db.number(`SELECT count(*) FROM pg_class WHERE relname IN ('b', 'c', 'i')`) != 0 || db.number(`SELECT count(*) FROM bluegreen_migrations`) != 1 {
				t.Error("something of the file is left")
			}
			write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
			must(t, s, "shop-3")
			at(t, s, 2)
		})
	}
}

func TestDirtyDatabases(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()", "2_b.up.sql": "BEGIN; CREATE TABLE b (); COMMIT; SELECT 1/0"})
	_, err := migrate(t.Context(), t, s, "shop-1", nil)
	if err == nil || !strings.Contains(err.Error(), "division by zero") || !strings.Contains(err.Error(), "2_b.up.sql may have been applied in part, since it is not one transaction: BEGIN in line 1") {
		t.Fatalf("%v", err)
	}
	if now := state(t, s); now.Version != 2 || !now.Dirty {
		t.Fatalf("%+v", now)
	}
	if hint := release.HintOf(err); !strings.Contains(hint, `-database "$DATABASE_URL" force 2 if the file is applied, force 1 if it is not`) {
		t.Errorf("hint %q", hint)
	}
	c := connect(t, s)
	c.exec(`DROP TABLE b; UPDATE schema_migrations SET version = 1, dirty = false`)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	must(t, s, "shop-2")
	c.exec(`UPDATE schema_migrations SET dirty = true`)
	if _, err := migrate(t.Context(), t, s, "shop-3", nil); err == nil || !strings.Contains(err.Error(), "another tool has left the mark; 2_b.up.sql is one transaction") {
		t.Errorf("%v", err)
	}
}

func TestFilesThatGolangMigrateWouldNotRun(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()", "3_c.up.sql": "CREATE TABLE c ()"})
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	if _, err := migrate(t.Context(), t, s, "shop-2", nil); err == nil || !strings.Contains(err.Error(), "2_b.up.sql: it came after version 3 was applied") {
		t.Errorf("%v", err)
	}
	write(t, s.Folder, map[string]string{"004_d.sql": "CREATE TABLE d ()"})
	if _, err := migrate(t.Context(), t, s, "shop-3", nil); err == nil || !strings.Contains(err.Error(), "004_d.sql: golang-migrate would skip it") {
		t.Errorf("%v", err)
	}
}

// The statements are those of the README, and the table is there since the first try.
func TestAFirstFileThatMeetsATable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "### What is live already\n")
	statements := regexp.MustCompile("(?s)`(CREATE TABLE [^`]*schema_migrations[^`]*VALUES \\(3, false\\);)`").FindStringSubmatch(section)
	if statements == nil {
		t.Fatal("the README has no statements")
	}
	s := settings(t, map[string]string{"3_a.up.sql": "CREATE TABLE a ()", "4_b.up.sql": "CREATE TABLE b ()"})
	c := connect(t, s)
	c.exec(`CREATE TABLE a ()`)
	rehearsed := s
	rehearsed.Backup.Directory = filepath.Join(t.TempDir(), "backups")
	rehearsed.Rehearsal = migration.Rehearsals{Where: migration.Production, Data: migration.Backup, MaxSize: 20e9, Free: 20e9, Jobs: 2, Timeout: soon}
	_, _, played := play(t, rehearsed, release.ID(lab.Name(t)), nil)
	_, applied := migrate(t.Context(), t, s, "shop-1", nil)
	for what, err := range map[string]error{"the rehearsal": played, "the run": applied} {
		if err == nil || !strings.Contains(err.Error(), "(SQLSTATE 42P07)") || !strings.Contains(release.HintOf(err), `"What is live already"`) {
			t.Errorf("%s: %v, hint %q", what, err, release.HintOf(err))
		}
	}
	c.exec(statements[1])
	if report := must(t, s, "shop-2"); len(report.Files) != 1 || report.Schema.Before != 3 || report.Schema.After != 4 {
		t.Errorf("%+v", report)
	}
	write(t, s.Folder, map[string]string{"5_a.up.sql": "CREATE TABLE a ()"})
	if _, err := migrate(t.Context(), t, s, "shop-3", nil); err == nil || strings.Contains(release.HintOf(err), "another tool") {
		t.Errorf("a later file: %v, hint %q", err, release.HintOf(err))
	}
}

func TestADatabaseThatAnotherToolHasMigrated(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()", "2_b.up.sql": "CREATE TABLE b ()"})
	c := connect(t, s)
	c.exec(`CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, false); CREATE TABLE a ()`)
	report := must(t, s, "shop-1")
	if len(report.Files) != 1 || report.Schema.Before != 1 || report.Schema.After != 2 {
		t.Errorf("%+v", report)
	}
	c.exec(`DROP TABLE b; UPDATE schema_migrations SET version = 1`)
	if report := must(t, s, "shop-2"); len(report.Files) != 1 {
		t.Errorf("what another tool has taken back was not applied again: %+v", report)
	}
}
