package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// parts is a table with a partition, and with values that may be stored apart.
const parts = `CREATE TABLE a (id int, note text) PARTITION BY RANGE (id);
	CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM (1) TO (10);
	CREATE TABLE a_2 PARTITION OF a FOR VALUES FROM (10) TO (20);
	CREATE INDEX a_id ON a (id); ALTER TABLE a_1 ADD PRIMARY KEY (id)`

// writing and reading are what a transaction of the application does for a long time.
const (
	writing = `BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE`
	reading = `BEGIN; SELECT * FROM a`
)

// concurrently are the files that run concurrently, each beside a transaction that
// it has to wait for.
var concurrently = map[string]struct {
	file, beside string
	left         string // is there when it was broken off, as a query says
	done         string // what the catalog has from it
	made         bool   // what was begun cannot but be ended
}{
	"an index that is made": {
		file: "CREATE INDEX CONCURRENTLY i ON a_1 (note)", beside: writing, done: "valid index i",
		left: `SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)`,
	},
	"an index that is dropped": {
		file: "DROP INDEX CONCURRENTLY other", beside: reading, done: "no index other",
		left: `SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)`,
	},
	"an index that is rebuilt": {
		file: "REINDEX INDEX CONCURRENTLY a_1_pkey", beside: writing, done: "index a_1_pkey, built again",
		left: `SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'a_1_pkey_ccnew')`,
	},
	"an index that is rebuilt, and has the name": {
		file: "REINDEX (CONCURRENTLY) INDEX a_1_pkey", beside: reading, done: "index a_1_pkey, built again",
		left: `SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'a_1_pkey_ccold')`,
	},
	"an index of partitions that is rebuilt": {
		file: "REINDEX INDEX CONCURRENTLY a_id", beside: writing, done: "index a_id, built again",
		left: `SELECT EXISTS (SELECT FROM pg_class WHERE relname LIKE 'a\__\_id\_idx\_ccnew')`,
	},
	"a table whose indexes are rebuilt": {
		file: "REINDEX TABLE CONCURRENTLY a_1", beside: writing, done: "table a_1, built again",
		left: `SELECT count(*) = 4 FROM pg_class WHERE relname LIKE '%\_ccnew'`,
	},
	"a table of partitions whose indexes are rebuilt": {
		file: "REINDEX TABLE CONCURRENTLY a", beside: reading, done: "table a, built again",
		left: `SELECT EXISTS (SELECT FROM pg_class WHERE relname LIKE '%\_ccold')`,
	},
	"a schema whose indexes are rebuilt": {
		file: `REINDEX SCHEMA CONCURRENTLY "S"`, beside: `BEGIN; LOCK TABLE "S".b IN ROW EXCLUSIVE MODE`, done: "schema S, built again",
		left: `SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'b_pkey_ccnew')`,
	},
	"a partition that is detached": {
		file: "ALTER TABLE a DETACH PARTITION a_1 CONCURRENTLY", beside: reading, done: "table a_1, no partition of a", made: true,
		left: `SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)`,
	},
}

// parted makes what the files are about.
func parted(t *testing.T, file string) (s migration.Settings, holder, watcher client) {
	t.Helper()
	s = settings(t, map[string]string{"1_a.up.sql": parts + `; CREATE INDEX other ON a_1 (note); CREATE SCHEMA "S"; CREATE TABLE "S".b (id int PRIMARY KEY); INSERT INTO a VALUES (1)`})
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": file})
	return s, connect(t, s), connect(t, s)
}

// nothingBroken fails the test when something is left of what runs concurrently.
func nothingBroken(c client) {
	c.t.Helper()
	if n := c.number(`SELECT (SELECT count(*) FROM pg_index WHERE NOT indisvalid) + (SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)')
		+ (SELECT count(*) FROM pg_inherits WHERE inhdetachpending)`); n != 0 {
		c.t.Errorf("%d things are left of what ran concurrently", n)
	}
}

// brokenOff ends the session of the file on the server.
const brokenOff = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen migrate%'`

func TestWhatRunsConcurrentlyWaitsForOldTransactions(t *testing.T) {
	t.Parallel()
	for name, c := range concurrently {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, holder, watcher := parted(t, c.file)
			holder.exec(c.beside)
			done := make(chan error)
			var report migration.Report
			go func() {
				var err error
				report, err = migrate(t.Context(), t, s, "shop-2", nil)
				done <- err
			}()
			watcher.until(waits)
			time.Sleep(5 * s.LockTimeout) // it does not end at the lock timeout
			watcher.until(waits)
			watcher.exec(`SET lock_timeout = '30s'; INSERT INTO a VALUES (11)`) // it stands in nobody's way
			holder.exec(`COMMIT`)
			if err := <-done; err != nil || report.Files[0].Tries != 1 || !slices.Equal(report.Files[0].Objects, []string{c.done}) {
				t.Fatalf("%+v, %v", report, err)
			}
			at(t, s, 2)
			nothingBroken(watcher)
		})
	}
}

func TestARunThatIsKilledInWhatRunsConcurrently(t *testing.T) {
	t.Parallel()
	for name, c := range concurrently {
		for how, end := range map[string]struct {
			after func(holder, watcher client)
			files int
		}{
			"and the server ends it": {func(holder, _ client) { holder.exec(`COMMIT`) }, 0},
			"and the server breaks it off": {func(holder, watcher client) {
				watcher.exec(brokenOff)
				watcher.until(gone)
				watcher.until(c.left)
				holder.exec(`COMMIT`)
			}, map[bool]int{true: 0, false: 1}[c.made]},
			"and it waits when the next one comes": {func(holder, watcher client) {
				watcher.exec(brokenOff)
				watcher.until(gone)
				time.AfterFunc(time.Second, func() { holder.exec(`COMMIT`) })
			}, map[bool]int{true: 0, false: 1}[c.made]},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				s, holder, watcher := parted(t, c.file)
				holder.exec(c.beside)
				child := spawn(t, s, "shop-1")
				watcher.until(waits)
				child.kill()
				end.after(holder, watcher)
				if report := converges(t, s, 2); len(report.Files) != end.files {
					t.Errorf("%+v", report.Files)
				}
				nothingBroken(watcher)
				again := must(t, s, "shop-2")
				if again.Nothing == "" {
					t.Errorf("%+v", again.Files)
				}
			})
		}
	}
}

// The server ends the session of the file, and nobody kills the run.
func TestAFailedTryOfWhatRunsConcurrentlyIsRepaired(t *testing.T) {
	t.Parallel()
	for name, c := range concurrently {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, holder, watcher := parted(t, c.file)
			holder.exec(c.beside)
			done := make(chan error)
			go func() {
				_, err := migrate(t.Context(), t, s, "shop-2", nil)
				done <- err
			}()
			watcher.until(waits)
			watcher.exec(brokenOff)
			watcher.until(c.left)
			holder.exec(`COMMIT`)
			err := <-done
			if now := state(t, s); now.Dirty || (now.Version == 2) != c.made || (err == nil) != c.made {
				t.Fatalf("version %v, dirty %t, %v", now.Version, now.Dirty, err)
			}
			if name != "an index that is dropped" { // which stays half dropped until it is dropped again
				nothingBroken(watcher)
			}
			must(t, s, "shop-3")
			at(t, s, 2)
			nothingBroken(watcher)
		})
	}
}

func TestARebuildThatBecameTheVictimOfADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	s, other, c := parted(t, "REINDEX TABLE CONCURRENTLY a_1")
	other.exec(`SET deadlock_timeout = '10min'; BEGIN; INSERT INTO a VALUES (2)`) // so that the rebuild finds it
	done := make(chan error)
	var report migration.Report
	go func() {
		var err error
		report, err = migrate(t.Context(), t, s, "shop-2", nil)
		done <- err
	}()
	c.until(waits)
	other.exec(`LOCK TABLE a_1 IN SHARE UPDATE EXCLUSIVE MODE; COMMIT`) // which the rebuild holds
	if err := <-done; err != nil || report.Files[0].Locks != 1 || report.Files[0].Tries != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	at(t, s, 2)
	nothingBroken(c)
}

// What somebody else has left is theirs.
func TestWhatIsLeftOfSomebodyElsesIsNotRepaired(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct{ theirs, left, want string }{
		"REINDEX INDEX CONCURRENTLY a_1_pkey":             {"REINDEX TABLE CONCURRENTLY a_1", concurrently["an index that is rebuilt"].left, "and which is invalid, is there already in a_1_pkey"},
		"ALTER TABLE a DETACH PARTITION a_1 CONCURRENTLY": {"ALTER TABLE a DETACH PARTITION a_1 CONCURRENTLY", concurrently["a partition that is detached"].left, "somebody else has begun to detach a_1 from a"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s, holder, other := parted(t, file)
			holder.exec(writing)
			other.exec(`SET lock_timeout = '100ms'`)
			if _, err := other.conn.Exec(t.Context(), c.theirs); err == nil {
				t.Fatal("it did not fail")
			}
			holder.exec(`COMMIT`)
			if _, err := migrate(t.Context(), t, s, "shop-2", nil); err == nil || !strings.Contains(err.Error(), c.want) || release.ExitStatus(err) != 1 {
				t.Errorf("%v", err)
			}
			at(t, s, 1)
			other.until(c.left)
		})
	}
}

// An index of values that are stored apart can be dropped by a superuser only: it is
// left, and keeps the table from nothing.
func TestARebuildOfATableWithoutPrivileges(t *testing.T) {
	t.Parallel()
	s, holder, watcher := parted(t, "REINDEX TABLE CONCURRENTLY a_1")
	role := lab.Name(t)
	watcher.exec(`CREATE ROLE "` + role + `" LOGIN PASSWORD 'p'; GRANT ALL ON SCHEMA public TO "` + role + `"; GRANT pg_read_all_stats TO "` + role + `";
		DO $$ DECLARE n text; BEGIN FOR n IN SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace IN ('public'::regnamespace, '"S"'::regnamespace) LOOP
			EXECUTE format('ALTER TABLE %s OWNER TO "` + role + `"', n); END LOOP; END $$; ALTER SCHEMA "S" OWNER TO "` + role + `"`)
	t.Cleanup(func() { watcher.exec(`DROP OWNED BY "` + role + `" CASCADE; DROP ROLE "` + role + `"`) })
	s.URL = release.Secret("postgres://" + role + ":p@" + s.URL.Reveal()[strings.Index(s.URL.Reveal(), "@")+1:])
	holder.exec(writing)
	child := spawn(t, s, "shop-2")
	watcher.until(waits)
	child.kill()
	watcher.exec(brokenOff)
	watcher.until(gone)
	holder.exec(`COMMIT`)
	if report := must(t, s, "shop-2"); len(report.Files) != 1 {
		t.Errorf("%+v", report)
	}
	at(t, s, 2)
	if left := state(t, s).Invalid; len(left) != 1 || !strings.HasPrefix(left[0], "pg_toast.") {
		t.Errorf("%q", left)
	}
}
