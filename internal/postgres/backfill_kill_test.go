package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// touch changes random rows of the application until ctx ends, and returns how
// often it has.
func touch(ctx context.Context, t *testing.T, s migration.Settings, rows int) func() int {
	t.Helper()
	conn, err := pgx.Connect(context.WithoutCancel(ctx), s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		defer conn.Close(context.WithoutCancel(ctx))
		n := 0
		for ctx.Err() == nil {
			tag, err := conn.Exec(context.WithoutCancel(ctx), `UPDATE users SET touched = touched + 1 WHERE id = 3 * $1`, 1+n*7919%rows)
			if err != nil || tag.RowsAffected() != 1 {
				t.Errorf("%v, %v", tag, err)
				break
			}
			n++
		}
		done <- n
	}()
	return func() int { return <-done }
}

func TestABackfillThatIsKilledTenTimesChangesEachRowOnce(t *testing.T) {
	t.Parallel()
	const rows, kills = 60_000, 10
	s := settings(t, map[string]string{"1_users.up.sql": nicks(rows, "")["1_users.up.sql"] + `; ALTER TABLE users ADD COLUMN touched int NOT NULL DEFAULT 0;
		CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
		CREATE TRIGGER hang BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.id = 3 * 55000 AND NEW.times > OLD.times) EXECUTE FUNCTION hang()`})
	must(t, s, "shop-1")
	holder := connect(t, s)
	holder.exec(`SELECT pg_advisory_lock(4711)`) // so that no run comes to the end before it is killed
	write(t, s.Folder, map[string]string{"2_nick.up.sql": nicks(rows, "-- bluegreen: backfill users key=id batch=500 pause=0s")["2_nick.up.sql"]})
	ctx, stop := context.WithCancel(t.Context())
	touched, c := touch(ctx, t, s, rows), connect(t, s)
	for k := range kills {
		child := spawn(t, s, "shop-2")
		c.until(`SELECT to_regclass('bluegreen_backfills') IS NOT NULL`)
		c.until(fmt.Sprintf(`SELECT coalesce(max(passed), 0) >= %d FROM bluegreen_backfills`, 1+k*rows/(kills+2)))
		child.kill()
		if n := c.number(`SELECT count(*) FROM users WHERE times > 1`); n > 0 {
			t.Fatalf("%d rows were changed more than once", n)
		}
	}
	if n := c.number(`SELECT count(*) FROM users WHERE nick IS NULL`); n == 0 {
		t.Error("the backfill was over before it was killed for the last time")
	}
	holder.exec(`SELECT pg_advisory_unlock(4711)`)
	report := must(t, s, "shop-2")
	stop()
	want := touched()
	if n := c.number(`SELECT sum(touched) FROM users`); n != want {
		t.Errorf("the rows have %d changes of the application, want %d", n, want)
	}
	if n := c.number(`SELECT changed FROM bluegreen_backfills`); n != rows || len(report.Fills) != 1 {
		t.Errorf("%d rows by all runs, %+v", n, report.Fills)
	}
	c.filled(rows)
}

func TestWhatAKilledBackfillHasLeftRunningIsWaitedFor(t *testing.T) {
	t.Parallel()
	files := nicks(3000, "-- bluegreen: backfill users key=id batch=100 pause=0s")
	files["1_users.up.sql"] += `;
		CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 3000 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$;
		CREATE TRIGGER hang BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION hang()`
	s := settings(t, files)
	slow := s
	slow.LockTimeout = soon
	holder, c := connect(t, s), connect(t, s)
	holder.exec(`SELECT pg_advisory_lock(4711)`)
	child := spawn(t, slow, "shop-1")
	const hangs = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen backfill%' AND wait_event_type = 'Lock')`
	c.until(hangs)
	child.kill()
	c.until(hangs) // the server goes on with its statement
	report, err := migrate(t.Context(), t, s, "shop-1", func(e migration.Event) {
		if e.Kind == migration.Blocked && e.Locks == 2 {
			holder.exec(`SELECT pg_advisory_unlock(4711)`)
		}
	})
	if err != nil || report.Fills[0].Locks < 2 {
		t.Errorf("%+v, %v", report, err)
	}
	c.filled(3000)
}

func TestTwoBackfillsAtOnce(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(20_000, bare))
	type result struct {
		report migration.Report
		err    error
	}
	results := make(chan result)
	for _, id := range []release.ID{"shop-1", "shop-2", "shop-3"} {
		go func() {
			var r result
			r.report, r.err = migrate(t.Context(), t, s, id, nil)
			results <- r
		}()
	}
	fills := 0
	for range 3 {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
		}
		fills += len(r.report.Fills)
	}
	if fills != 1 {
		t.Errorf("%d runs have worked on the backfill", fills)
	}
	connect(t, s).filled(20_000)
}

func TestABackfillThatLosesItsConnectionGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of     string
		status int // without the lock, the checkpoint keeps two runs apart
	}{"of its batches": {"bluegreen backfill%", 3}, "of the lock of the migrations": {"bluegreen lock%", 0}} {
		t.Run(name, func(t *testing.T) {
			of, status := c.of, c.status
			t.Parallel()
			s := settings(t, nicks(3000, "-- bluegreen: backfill users key=id batch=100 pause=0s"))
			c, asked := connect(t, s), 0
			db := open(t, s)
			on := migration.Systems{Database: db, Dumper: quick{db}, Paused: func(context.Context) (string, error) {
				if asked++; asked == 1 {
					c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '` + of + `'`)
				}
				return "", nil
			}}
			if _, err := migration.Run(t.Context(), s, on, "shop-1", new(release.Findings)); release.ExitStatus(err) != status {
				t.Errorf("%v, want status %d", err, status)
			}
			must(t, s, "shop-1")
			c.filled(3000)
		})
	}
}
