package postgres_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// as is the database for a role of the test's own, which owns its tables.
func as(t *testing.T, s migration.Settings, options string) migration.Settings {
	t.Helper()
	c, role := connect(t, s), lab.Name(t)
	c.exec(`CREATE ROLE "` + role + `" LOGIN PASSWORD 'secret' ` + options + `; GRANT ALL ON SCHEMA public TO "` + role + `"`)
	t.Cleanup(func() { c.exec(`DROP OWNED BY "` + role + `" CASCADE; DROP ROLE "` + role + `"`) })
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "secret")
	s.URL = release.Secret(u.String())
	return s
}

// locked is a run of a file that wants a table in which a session of holder is idle
// in its transaction. The session gives up after three tries.
func locked(t *testing.T, s, holder migration.Settings, file string) migration.Report {
	t.Helper()
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": file})
	blocker := connect(t, holder)
	blocker.exec(`SET application_name = 'report'; BEGIN; LOCK TABLE a IN ACCESS SHARE MODE; SELECT 'secret'`)
	report, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
		if e.Locks >= 3 && blocker.conn.PgConn().TxStatus() == 'T' {
			blocker.exec(`ROLLBACK`)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	at(t, s, 2)
	return report
}

const wantsAll = "ALTER TABLE a ADD COLUMN n int"

func TestAnIdleBlockerIsTerminatedByChoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, last, state string }{
		"of a lock":                  {wantsAll, "SELECT 'secret'", "idle in transaction, "},
		"of a lock, behind an error": {wantsAll, "SAVEPOINT s; SELECT 'secret'::int", "idle in transaction (aborted), "}, // what is before the savepoint keeps its locks
		"of a concurrent index":      {"CREATE INDEX CONCURRENTLY i ON a (id)", "SELECT 'secret'", "idle in transaction, "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int); GRANT SELECT, INSERT ON a TO public"})
			s.TerminateIdle = time.Second
			must(t, s, "shop-1")
			write(t, s.Folder, map[string]string{"2_b.up.sql": c.file})
			holder := connect(t, as(t, s, ""))
			holder.exec(`SET application_name = 'report'; BEGIN; INSERT INTO a VALUES (1)`)
			_, _ = holder.conn.PgConn().Exec(t.Context(), c.last).ReadAll() // may be wanted to fail
			report, err := migrate(t.Context(), t, s, "shop-2", nil)
			if err != nil || len(report.Terminated) != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			text := report.Terminated[0]
			for _, want := range []string{fmt.Sprintf("pid %d of report, %s", holder.conn.PgConn().PID(), c.state), "SELECT ?", "it was in the way of 2_b.up.sql"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %s", want, text)
				}
			}
			if err := holder.conn.Ping(t.Context()); err == nil {
				t.Error("the session is still there")
			}
			at(t, s, 2)
		})
	}
}

func TestSessionsThatAreNotTerminated(t *testing.T) {
	t.Parallel()
	table := map[string]string{"1_a.up.sql": "CREATE TABLE a (id int); GRANT SELECT ON a TO public"}
	for name, c := range map[string]struct {
		age    time.Duration
		holder func(*testing.T, migration.Settings) migration.Settings
	}{
		"without the choice":        {0, func(t *testing.T, s migration.Settings) migration.Settings { return as(t, s, "") }},
		"that are idle for a while": {time.Hour, func(t *testing.T, s migration.Settings) migration.Settings { return as(t, s, "") }},
		"of a superuser":            {time.Second, func(_ *testing.T, s migration.Settings) migration.Settings { return s }},
		"of a replication":          {time.Second, func(t *testing.T, s migration.Settings) migration.Settings { return as(t, s, "REPLICATION") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, table)
			s.TerminateIdle, s.LockTimeout = c.age, 500*time.Millisecond
			holder := c.holder(t, s)
			if report := locked(t, s, holder, wantsAll); len(report.Terminated) != 0 {
				t.Errorf("%q", report.Terminated)
			}
		})
	}
}

func TestTheRightToTerminateIsNamed(t *testing.T) {
	t.Parallel()
	root := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int); GRANT SELECT ON a TO public"})
	s, holder := as(t, root, "IN ROLE pg_read_all_stats"), as(t, root, "")
	s.TerminateIdle, s.LockTimeout = time.Second, 500*time.Millisecond
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": wantsAll})
	c, said := connect(t, holder), ""
	c.exec(`BEGIN; SELECT * FROM a`)
	report, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
		if strings.Contains(e.What, "needs pg_signal_backend") && said == "" {
			said = e.What
			c.exec(`ROLLBACK`)
		}
	})
	if err != nil || said == "" || len(report.Terminated) != 0 {
		t.Errorf("%v, %q, %+v", err, said, report)
	}
}

func TestAFileThatRunsForAWhileSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"an index that waits for a transaction": {"CREATE INDEX CONCURRENTLY i ON a (id)", "2_b.up.sql: waiting for writers before build, 0%, waits for Lock virtualxid"},
		"a statement that sleeps":               {"SELECT pg_advisory_xact_lock(4711)", "2_b.up.sql, waits for Lock advisory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
			must(t, s, "shop-1")
			s.LockTimeout = time.Minute
			write(t, s.Folder, map[string]string{"2_b.up.sql": c.file})
			holder, said := connect(t, s), []string(nil)
			holder.exec(`BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(4711)`)
			_, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
				if e.Kind != migration.Running || holder.conn.PgConn().TxStatus() != 'T' {
					return
				}
				if said = append(said, e.What); e.What == c.want || len(said) == 6 { // the first may come before the file has got there
					holder.exec(`COMMIT`)
				}
			})
			if err != nil || !slices.Contains(said, c.want) {
				t.Errorf("%q, %v", said, err)
			}
		})
	}
}
