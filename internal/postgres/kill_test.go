package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestARunThatIsKilledAtAnyLineConverges kills a run behind each line that it
// prints, and runs it again.
func TestARunThatIsKilledAtAnyLineConverges(t *testing.T) {
	t.Parallel()
	for line, ended := 1, false; !ended; line++ {
		t.Run(fmt.Sprintf("line %d", line), func(t *testing.T) {
			s := settings(t, shop)
			s.Backup.Policy = migration.Always
			c := spawn(t, s, "shop-1", fmt.Sprintf("BLUEGREEN_TEST_STOP=%d", line))
			if ended = !c.until("stopped"); ended && !strings.HasSuffix(c.text(), "done\n") {
				t.Fatalf("%s", c.text())
			}
			c.kill()
			converges(t, s, 4)
		})
		if line > 100 {
			t.Fatal("the run never ends")
		}
	}
}

// converges runs the same release again, and expects everything to be there once.
func converges(t *testing.T, s migration.Settings, want migration.Version) migration.Report {
	t.Helper()
	report := must(t, s, "shop-1")
	at(t, s, want)
	now := state(t, s)
	if len(now.Invalid) != 0 || len(now.Journal) != int(want) || len(report.Schema.Applied) != int(want) || report.Schema.Before != 0 {
		t.Errorf("invalid %q, journal %+v, schema %+v", now.Invalid, now.Journal, report.Schema)
	}
	for _, name := range backups(t, s) {
		if strings.HasPrefix(name, ".draft-") {
			t.Errorf("%s was left", name)
		}
	}
	return report
}

// paused is a migration that stops in the middle until a lock is given free, with
// time enough.
func paused(t *testing.T) (migration.Settings, client) {
	t.Helper()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)", "2_b.up.sql": "CREATE TABLE b (); SELECT pg_advisory_xact_lock(4711); INSERT INTO a VALUES (1)"})
	s.LockTimeout = time.Minute
	holder := connect(t, s)
	holder.exec(`SELECT pg_advisory_lock(4711)`)
	return s, holder
}

func TestARunThatIsKilledWhileItsFileRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after func(*testing.T, client) // what happens on the server then
		files int                      // that the second run applies
	}{
		"and the file is applied on the server": {func(_ *testing.T, c client) { c.exec(`SELECT pg_advisory_unlock(4711)`) }, 0},
		"and the file is rolled back on the server": {func(_ *testing.T, c client) {
			c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen migrate%'`)
			c.exec(`SELECT pg_advisory_unlock(4711)`)
		}, 1},
		"and the next run comes while it still runs": {func(t *testing.T, c client) {
			time.AfterFunc(2*time.Second, func() { c.exec(`SELECT pg_advisory_unlock(4711)`) })
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, holder := paused(t)
			child, watcher := spawn(t, s, "shop-1"), connect(t, s)
			watcher.until(waits)
			child.kill()
			if now := state(t, s); now.Version != 2 || !now.Dirty {
				t.Fatalf("%+v", now)
			}
			p, err := migration.Look(t.Context(), s, open(t, s))
			if err != nil || !strings.Contains(p.Dirty, "release shop-1 was interrupted in 2_b.up.sql") {
				t.Errorf("%+v, %v", p, err)
			}
			c.after(t, holder)
			if report := converges(t, s, 2); len(report.Files) != c.files {
				t.Errorf("%+v", report.Files)
			}
			if n := watcher.number(`SELECT count(*) FROM a`); n != 1 {
				t.Errorf("the file has run %d times", n)
			}
		})
	}
}

func TestARunThatIsKilledBeforeItsFileIsMarkedAsApplied(t *testing.T) {
	t.Parallel()
	s, holder := paused(t)
	child, watcher, reader := spawn(t, s, "shop-1"), connect(t, s), connect(t, s)
	watcher.until(waits)
	reader.exec(`BEGIN; SELECT * FROM schema_migrations`) // which keeps the mark from being written
	holder.exec(`SELECT pg_advisory_unlock(4711)`)
	watcher.until(`SELECT count(*) = 1 FROM a`)
	watcher.until(waits)
	child.kill()
	reader.exec(`COMMIT`)
	watcher.until(gone)
	if now := state(t, s); now.Version != 2 || !now.Dirty || !now.Journal[2].Applied {
		t.Fatalf("%+v", now)
	}
	if report := converges(t, s, 2); len(report.Files) != 0 {
		t.Errorf("%+v", report.Files)
	}
}

func TestARunThatIsKilledWhileItMakesAnIndex(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after func(holder, watcher client)
		files int
	}{
		"and the index is made on the server": {func(holder, _ client) { holder.exec(`COMMIT`) }, 0},
		"and the server breaks it off": {func(holder, watcher client) {
			watcher.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen migrate%'`)
			watcher.until(`SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)`)
			holder.exec(`COMMIT`)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a (id int)"})
			must(t, s, "shop-1")
			write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE INDEX CONCURRENTLY i ON a (id)"})
			holder, watcher := connect(t, s), connect(t, s)
			holder.exec(`BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE`)
			child := spawn(t, s, "shop-1")
			watcher.until(waits)
			child.kill()
			c.after(holder, watcher)
			if report := converges(t, s, 2); len(report.Files) != c.files {
				t.Errorf("%+v", report.Files)
			}
		})
	}
}

func TestARunThatIsKilledWhileItBacksUp(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE b ()"})
	s.Backup.Policy = migration.Always
	holder, watcher := connect(t, s), connect(t, s)
	holder.exec(`CREATE TABLE a ()`)
	holder.exec(`BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE`)
	child := spawn(t, s, "shop-1")
	watcher.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bluegreen backup' AND wait_event_type = 'Lock')`)
	child.kill()
	if list := backups(t, s); len(list) != 1 || !strings.HasPrefix(list[0], ".draft-") {
		t.Errorf("the folder has %q", list)
	}
	holder.exec(`COMMIT`)
	if report := converges(t, s, 1); report.Reused {
		t.Errorf("%+v", report)
	}
}

func TestARunThatLosesItsLockStops(t *testing.T) {
	t.Parallel()
	s := settings(t, shop)
	c := connect(t, s)
	_, err := migrate(t.Context(), t, s, "shop-1", func(e migration.Event) {
		if e.Kind == migration.FileApplied && strings.HasPrefix(e.What, "2_") {
			c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen lock%'`)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "the connection that holds the lock of the migrations is lost") || release.ExitStatus(err) != 3 {
		t.Errorf("%v", err)
	}
	at(t, s, 2)
	converges(t, s, 4)
}
