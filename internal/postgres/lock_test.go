package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-migrate/migrate/v4/database"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// theirLock is the number of the lock that golang-migrate's command line takes.
func theirLock(t *testing.T, s migration.Settings) string {
	t.Helper()
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	key, err := database.GenerateAdvisoryLockId(u.Path, "public", s.Table)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// blocked are files that want an exclusive lock on a table, in the ways in which a
// file can be one transaction.
var blocked = map[string]string{
	"an implicit transaction": "ALTER TABLE a ADD COLUMN n int",
	"an own transaction":      "BEGIN; CREATE TABLE other (); ALTER TABLE a ADD COLUMN n int; COMMIT",
}

func TestATableThatIsLockedForAWhile(t *testing.T) {
	t.Parallel()
	for name, file := range blocked {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
			must(t, s, "shop-1")
			write(t, s.Folder, map[string]string{"2_b.up.sql": file})
			holder := connect(t, s)
			holder.exec(`SET application_name = 'report'; BEGIN; SELECT * FROM a WHERE id = 4711`)
			tries, named := 0, false
			report, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
				if e.Kind != migration.Blocked {
					return
				}
				tries++
				named = named || strings.Contains(e.What, "of report, idle in transaction") && strings.Contains(e.What, "WHERE id = ?")
				if tries >= 3 && named && holder.conn.PgConn().TxStatus() == 'T' {
					holder.exec(`COMMIT`)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if f := report.Files[0]; f.Locks < 3 || f.Tries != f.Locks+1 {
				t.Errorf("%+v", f)
			}
			at(t, s, 2)
		})
	}
}

func TestATableThatStaysLocked(t *testing.T) {
	t.Parallel()
	for name, file := range blocked {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
			must(t, s, "shop-1")
			write(t, s.Folder, map[string]string{"2_b.up.sql": file})
			s.LockTimeout, s.LockBudget = time.Second, lockBudget
			holder := connect(t, s)
			holder.exec(`SET application_name = 'report'; BEGIN; SELECT 'secret' FROM a`)
			pid := holder.number(`SELECT pg_backend_pid()`)
			holder.exec(`SELECT 'secret' FROM a`)
			_, err := migrate(t.Context(), t, s, "shop-2", nil)
			want := fmt.Sprintf("blocked by pid %d of report, idle in transaction, in a transaction for", pid)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SELECT ? FROM a") || strings.Contains(err.Error(), "secret") {
				t.Fatalf("%v, want %q", err, want)
			}
			if release.ExitStatus(err) != 1 || !strings.Contains(release.HintOf(err), "end the sessions that are named") {
				t.Errorf("exit status %d, hint %q", release.ExitStatus(err), release.HintOf(err))
			}
			at(t, s, 1)
			if now := state(t, s); len(now.Journal) != 1 {
				t.Errorf("journal %+v", now.Journal)
			}
		})
	}
}

func TestTheTableOfTheVersionIsLocked(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	holder := connect(t, s)
	holder.exec(`BEGIN; SELECT * FROM schema_migrations`)
	report, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
		if e.Kind == migration.Blocked {
			holder.exec(`COMMIT`)
		}
	})
	if err != nil || report.Files[0].Locks == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	at(t, s, 2)
}

func TestAConcurrentIndexWaitsForOldTransactions(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON a (id)"})
	holder, c := connect(t, s), connect(t, s)
	holder.exec(`BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE`)
	done := make(chan error)
	var report migration.Report
	go func() {
		var err error
		report, err = migrate(t.Context(), t, s, "shop-2", nil)
		done <- err
	}()
	c.until(waits)
	time.Sleep(5 * s.LockTimeout) // it does not end at the lock timeout
	c.until(waits)
	c.exec(`SET lock_timeout = '30s'; INSERT INTO a VALUES (1)`) // it stands in nobody's way
	holder.exec(`COMMIT`)
	if err := <-done; err != nil || report.Files[0].Tries != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	at(t, s, 2)
}

func TestAConcurrentIndexThatBecameTheVictimOfADeadlock(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
	must(t, s, "shop-1")
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON a (id)"})
	first, other, c := connect(t, s), connect(t, s), connect(t, s)
	first.exec(`BEGIN; INSERT INTO a VALUES (1)`)
	done := make(chan error)
	var report migration.Report
	go func() {
		var err error
		report, err = migrate(t.Context(), t, s, "shop-2", nil)
		done <- err
	}()
	c.until(waits)
	locked := make(chan error)
	go func() {
		_, err := other.conn.Exec(context.Background(), `SET application_name = 'other'; SET deadlock_timeout = '10min'; -- so that the index finds it
			BEGIN; INSERT INTO a VALUES (2); LOCK TABLE a IN SHARE UPDATE EXCLUSIVE MODE; -- which the index holds
			COMMIT`)
		locked <- err
	}()
	c.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'other' AND wait_event_type = 'Lock')`)
	first.exec(`COMMIT`) // a session looks for a deadlock once in a wait: that for the other begins now
	if err := <-locked; err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil || report.Files[0].Locks != 1 || report.Files[0].Tries != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	at(t, s, 2)
	if now := state(t, s); len(now.Invalid) != 0 {
		t.Errorf("invalid %q", now.Invalid)
	}
}
