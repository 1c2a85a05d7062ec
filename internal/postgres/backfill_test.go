package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// nicks are the files of a table with rows, and of a column that a backfill fills.
// The number of changes of each row is counted, and its ids have gaps.
func nicks(rows int, directive string) map[string]string {
	return map[string]string{
		"1_users.up.sql": fmt.Sprintf(`CREATE TABLE users (id bigint PRIMARY KEY, name text, times int NOT NULL DEFAULT 0);
			INSERT INTO users SELECT 3 * n, 'user' || n FROM generate_series(1, %d) n`, rows),
		"2_nick.up.sql": "ALTER TABLE users ADD COLUMN nick text;\n" + directive +
			"\n-- UPDATE users SET nick = upper(name), times = times + 1 WHERE nick IS NULL;\n",
	}
}

const bare = "-- bluegreen: backfill users key=id pause=0s"

// filled looks whether each row was changed once.
func (c client) filled(rows int) {
	c.t.Helper()
	if n := c.number(`SELECT count(*) FROM users WHERE nick = upper(name) AND times = 1`); n != rows {
		c.t.Errorf("%d rows were changed once, want %d", n, rows)
	}
}

func TestABackfillRunsBehindItsFile(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(5432, bare))
	write(t, s.Folder, map[string]string{"3_after.up.sql": "CREATE TABLE after AS SELECT count(*) AS left FROM users WHERE nick IS NULL"})
	var seen release.Findings
	db := open(t, s)
	report, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: db}, "shop-1", &seen)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, s)
	c.filled(5432)
	if n := c.number(`SELECT "left" FROM after`); n != 0 {
		t.Errorf("%d rows were left when the next file ran", n)
	}
	f := report.Fills[0]
	if f.Changed != 5432 || f.Largest > 1000 || f.Batches < 6 || f.Remainder != 0 || f.String() != "2_nick.up.sql:2, table users" {
		t.Errorf("%+v", f)
	}
	if n := c.number(`SELECT count(DISTINCT xmin::text) FROM users`); n < 6 {
		t.Errorf("the rows were changed in %d transactions", n)
	}
	for _, e := range seen.List() {
		if e.ID == "3.1.1b" && e.Status != release.Passed {
			t.Errorf("%+v", e)
		}
	}
	if again := must(t, s, "shop-2"); len(again.Fills) != 0 || again.Backup != nil {
		t.Errorf("%+v", again)
	}
}

func TestABackfillGoesAlongEveryTypeOfKey(t *testing.T) {
	t.Parallel()
	for typ, key := range map[string]string{
		"smallint": "n", "int": "n", "bigint": "-n", "text": "chr(65 + n % 26) || '''; é' || n", "varchar(50)": "n || ' '",
		"uuid": "md5(n::text)::uuid", "timestamptz": "now() + n * interval '1.000001 s'",
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": fmt.Sprintf(`CREATE TABLE a ("Key" %s PRIMARY KEY, n int, done int NOT NULL DEFAULT 0);
				INSERT INTO a SELECT %s, n FROM generate_series(1, 300) n;
				-- bluegreen: backfill a key="Key" batch=7 pause=0s
				-- UPDATE a AS b SET done = done + 1 WHERE b.done = 0 AND n %% 3 > 0;`, typ, key)})
			report := must(t, s, "shop-1")
			c := connect(t, s)
			if n := c.number(`SELECT count(*) FROM a WHERE done = (n % 3 > 0)::int`); n != 300 || report.Fills[0].Changed != 200 || report.Fills[0].Largest != 7 {
				t.Errorf("%d rows are right, %+v", n, report.Fills)
			}
		})
	}
}

func TestBackfillsThatCannotBeRun(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE a (id int PRIMARY KEY, k int, j json, b int, u int UNIQUE, UNIQUE (id, k)); INSERT INTO a SELECT n, n, NULL, NULL FROM generate_series(1, 5) n;\n"
	for name, c := range map[string]struct{ directive, statement, want string }{
		"a key with NULLs":           {"a key=u", "UPDATE a SET b = 1 WHERE b IS NULL", "key u: not null false, unique on its own true: want both"},
		"a key that is not unique":   {"a key=k", "UPDATE a SET b = 1 WHERE b IS NULL", "key k: not null false, unique on its own false"},
		"a key without an order":     {"a key=j", "UPDATE a SET b = 1 WHERE b IS NULL", "key j has type json: want smallint"},
		"a column that is not there": {"a key=x", "UPDATE a SET b = 1 WHERE b IS NULL", "there is no table a with a column x"},
		"a table that is not there":  {"x key=id", "UPDATE x SET b = 1 WHERE b IS NULL", "there is no table x with a column id"},
		"a statement that is wrong":  {"a key=id", "UPDATE a SET c = 1 WHERE b IS NULL", `column "c" of relation "a" does not exist`},
		"rows that are never done":   {"a key=id", "UPDATE a SET b = j::text::int WHERE b IS NULL", "5 of 5 rows meet the condition of the statement also when they are changed"},
		"a row that fails":           {"a key=id", "UPDATE a SET b = 1 / (id - 3) WHERE b IS NULL", "division by zero"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": table + "-- bluegreen: backfill " + c.directive + "\n-- " + c.statement + ";"})
			_, err := migrate(t.Context(), t, s, "shop-1", nil)
			if err == nil || !strings.Contains(err.Error(), "backfill 1_a.up.sql:2, table ") || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			at(t, s, 1)
			if n := connect(t, s).number(`SELECT count(*) FROM a WHERE b IS NOT NULL`); n != 0 {
				t.Errorf("%d rows were changed", n)
			}
		})
	}
}

func TestABackfillWaitsForRowsThatAreLocked(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(3000, bare))
	write(t, s.Folder, map[string]string{"3_more.up.sql": "CREATE TABLE more ()"})
	holder, ready := connect(t, s), false
	report, err := migrate(t.Context(), t, s, "shop-1", func(e migration.Event) {
		switch {
		case e.Kind == migration.FillStarted:
			holder.exec(`SET application_name = 'report'; BEGIN; UPDATE users SET name = 'late' WHERE id = 6000`)
			ready = true
		case e.Kind == migration.Blocked && ready && e.Locks > 1:
			holder.exec(`COMMIT`)
			ready = false
		}
	})
	if err != nil || report.Fills[0].Locks < 2 {
		t.Fatalf("%+v, %v", report.Fills, err)
	}
	holder.filled(3000)
}

func TestABackfillThatIsBlockedForGoodNamesWhoBlocksIt(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(3000, bare))
	s.LockTimeout, s.LockBudget = time.Second, lockBudget
	holder := connect(t, s)
	_, err := migrate(t.Context(), t, s, "shop-1", func(e migration.Event) {
		if e.Kind == migration.FillStarted {
			holder.exec(`SET application_name = 'report'; BEGIN; UPDATE users SET name = 'late' WHERE id = 6000`)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "of report, idle in transaction") || !strings.Contains(release.HintOf(err), "it goes on behind the last batch") {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	holder.exec(`COMMIT`)
	again := must(t, s, "shop-1")
	if len(again.Files) != 0 || len(again.Fills) != 1 || !again.Reused {
		t.Errorf("%+v", again)
	}
	holder.filled(3000)
}

func TestABackfillThatIsCancelledEndsBetweenTwoBatches(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(3000, "-- bluegreen: backfill users key=id batch=100 pause=0s"))
	write(t, s.Folder, map[string]string{"1_users.up.sql": nicks(3000, "")["1_users.up.sql"] + `;
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 3000 THEN PERFORM pg_sleep(3600); END IF; RETURN NEW; END $$;
		CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()`})
	ctx, cancel := context.WithCancelCause(t.Context())
	c := connect(t, s)
	done := make(chan error)
	go func() {
		_, err := migrate(ctx, t, s, "shop-1", nil)
		done <- err
	}()
	c.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen backfill%' AND wait_event = 'PgSleep')`)
	cancel(errors.New("a person has cancelled it"))
	if err := <-done; err == nil || !strings.Contains(err.Error(), "a person has cancelled it") {
		t.Errorf("%v", err)
	}
	c.until(`SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen backfill%')`)
	if n, want := c.number(`SELECT count(*) FROM users WHERE nick IS NOT NULL`), c.number(`SELECT changed FROM bluegreen_backfills`); n != want || n >= 1000 {
		t.Errorf("%d rows are changed, the checkpoint says %d", n, want)
	}
	c.exec(`DROP TRIGGER slow ON users`)
	must(t, s, "shop-1")
	c.filled(3000)
}

func TestABatchThatIsTooSlowIsTriedWithFewerRows(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(200, "-- bluegreen: backfill users key=id batch=100 pause=0s"))
	s.Backfill.Timeout = time.Second
	write(t, s.Folder, map[string]string{"1_users.up.sql": nicks(200, "")["1_users.up.sql"] + `;
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.011); RETURN NEW; END $$;
		CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()`})
	report := must(t, s, "shop-1")
	if f := report.Fills[0]; f.Largest >= 100 || f.Changed != 200 {
		t.Errorf("%+v", f)
	}
	connect(t, s).filled(200)
}

func TestABackfillThatWasEditedBeginsAgain(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	files := nicks(10, bare)
	write(t, s.Folder, map[string]string{"2_nick.up.sql": strings.ReplaceAll(files["2_nick.up.sql"], "WHERE nick IS NULL", "WHERE times < 2")})
	if report := must(t, s, "shop-2"); len(report.Fills) != 1 || report.Fills[0].Changed != 10 {
		t.Errorf("%+v", report)
	}
}

func TestTheSweepChangesWhatTheLiveVersionHasWritten(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(3000, bare))
	must(t, s, "shop-1")
	c := connect(t, s)
	c.exec(`INSERT INTO users (id, name) VALUES (4, 'between'), (-1, 'before'), (100000, 'behind')`)
	db := open(t, s)
	for until, want := range map[migration.Version]int{1: 0, 2: 1} {
		if list, err := migration.Left(t.Context(), s, db, until); err != nil || len(list) != want {
			t.Errorf("up to version %v: %q, %v", until, list, err)
		}
	}
	for range 2 {
		var seen release.Findings
		if _, err := migration.Sweep(t.Context(), s, migration.Systems{Database: db}, "shop-1", &seen); err != nil {
			t.Fatal(err)
		}
		if e := seen.List(); len(e) != 2 || e[1].ID != "3.1.3b" || e[0].Status != release.Passed {
			t.Errorf("%+v", e)
		}
		c.filled(3003)
	}
}

func TestWhatABackfillIsOfMayBeNoMore(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	connect(t, s).exec(`ALTER TABLE users DROP COLUMN nick`)
	if r := must(t, s, "shop-2"); len(r.Fills) != 0 || !strings.Contains(strings.Join(r.Notes, "; "), "2_nick.up.sql:2, table users: its table or a column is no more") {
		t.Errorf("%+v", r)
	}
}

// TestAContractedDatabaseThatWasNeverFilledHere begins with what golang-migrate's
// command, or a restored copy, has left behind a contraction.
func TestAContractedDatabaseThatWasNeverFilledHere(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]string{"without the column": `CREATE TABLE users (id bigint PRIMARY KEY, name text)`, "without the key": `CREATE TABLE users (nick text, name text)`, "without the table": `SELECT 1`} {
		s := settings(t, nicks(10, bare))
		c := connect(t, s)
		c.exec(table + `; CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (2, false)`)
		write(t, s.Folder, map[string]string{"3_more.up.sql": "CREATE TABLE more ()"})
		r := must(t, s, "shop-1")
		if len(r.Fills) != 0 || !strings.Contains(strings.Join(r.Notes, "; "), "2_nick.up.sql:2, table users counts as done: another tool has applied its file") {
			t.Errorf("%s: %+v", name, r)
		}
		if r := must(t, s, "shop-2"); strings.Contains(strings.Join(r.Notes, "; "), "counts as done") {
			t.Errorf("%s, again: %q", name, r.Notes)
		}
		at(t, s, 3)
	}
}

func TestABackfillOfAReleaseThatNamesNoColumnStaysOpen(t *testing.T) {
	t.Parallel()
	files := nicks(10, bare)
	files["2_nick.up.sql"] = strings.ReplaceAll(files["2_nick.up.sql"], "SET nick", "SET nic")
	s := settings(t, files)
	for range 2 {
		if _, err := migrate(t.Context(), t, s, "shop-1", nil); err == nil || !strings.Contains(err.Error(), `column "nic" of relation "users" does not exist`) {
			t.Errorf("%v", err)
		}
	}
}

func TestTheSweepSaysWhenSomebodyStillWrites(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	c := connect(t, s)
	c.exec(`INSERT INTO users (id, name) VALUES (4, 'late')`)
	db := open(t, s)
	_, err := migration.Sweep(t.Context(), s, migration.Systems{Database: db, Progress: func(e migration.Event) {
		if e.Kind == migration.FillDone {
			c.exec(`INSERT INTO users (id, name) VALUES (5, 'later')`)
		}
	}}, "shop-1", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "2_nick.up.sql:2, table users: 1 rows left") || release.ExitStatus(err) != 1 {
		t.Errorf("%v", err)
	}
}

func TestABackfillIsHeld(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(3000, bare))
	db, asked, held := open(t, s), 0, ""
	on := migration.Systems{Database: db, Dumper: db, Progress: func(e migration.Event) {
		if e.Kind == migration.FillHeld {
			held = e.What
		}
	}, Paused: func(context.Context) (string, error) {
		if asked++; asked <= 2 {
			return "the gates say pause", nil
		}
		return "", nil
	}}
	report, err := migration.Run(t.Context(), s, on, "shop-1", new(release.Findings))
	if err != nil || !strings.HasSuffix(held, "table users: the gates say pause") || report.Fills[0].Held < time.Second {
		t.Errorf("%v, %q, %+v", err, held, report.Fills)
	}
}

var _ migration.Database = (*postgres.Database)(nil)
