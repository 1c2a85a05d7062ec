package postgres_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// soon is how long a test waits for what should come about at once, on a machine
// that does a lot else: a rehearsal of 14 files and their ways back took longer than
// two minutes there.
const soon = 10 * time.Minute

// lockBudget is what a run spends on locks that stay: time for several tries, of which
// the looks at who is in the way may miss some.
const lockBudget = 6 * time.Second

// write writes files into a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if strings.HasPrefix(text, "#!") {
			lab.Script(t, filepath.Join(dir, name), text)
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// settings are those of an empty database with these migrations.
func settings(t testing.TB, files map[string]string) migration.Settings {
	t.Helper()
	return settingsOf(t, release.Secret(lab.Postgres(t)), files)
}

func settingsOf(t testing.TB, url release.Secret, files map[string]string) migration.Settings {
	t.Helper()
	s := migration.Settings{
		URL: url, Folder: t.TempDir(), Table: "schema_migrations", Contract: migration.Contracting{Table: "bluegreen_contract"}, Down: migration.Never,
		LockTimeout: 100 * time.Millisecond, LockBudget: soon, StatementTimeout: soon, IndexTimeout: soon, Wait: soon,
		Backfill:  migration.Batches{Target: 100 * time.Millisecond, Timeout: soon, MaxLag: 0},
		Backup:    migration.Backups{Directory: filepath.Join(t.TempDir(), "backups"), Keep: 7, Policy: migration.WhenPending, MinimumRatio: 0.5, Timeout: soon, CountTimeout: soon, S3: migration.Bucket{Encryption: migration.AES}},
		Rehearsal: migration.Rehearsals{Where: migration.Nowhere, Data: migration.Backup}, // words that a child can read
	}
	write(t, s.Folder, files)
	if err := errors.Join(s.Check(), s.Backup.Check(), s.Backfill.Check()); err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, s migration.Settings) *postgres.Database {
	t.Helper()
	db, err := postgres.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// migrate is one run of a release. It hands each event to progress.
func migrate(ctx context.Context, t testing.TB, s migration.Settings, id release.ID, progress func(migration.Event)) (migration.Report, error) {
	t.Helper()
	db := open(t, s)
	return migration.Run(ctx, s, migration.Systems{Database: db, Dumper: dumper(s, db), Progress: progress}, id, new(release.Findings))
}

// must is a run that succeeds.
func must(t testing.TB, s migration.Settings, id release.ID) migration.Report {
	t.Helper()
	report, err := migrate(t.Context(), t, s, id, nil)
	if err != nil {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	return report
}

// state is what the database says, and what a plain look at it does.
func state(t testing.TB, s migration.Settings) migration.State {
	t.Helper()
	now, err := open(t, s).State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func at(t testing.TB, s migration.Settings, want migration.Version) {
	t.Helper()
	if now := state(t, s); now.Version != want || now.Dirty {
		t.Fatalf("version %v, dirty %t, want %v", now.Version, now.Dirty, want)
	}
}

// client is a session of somebody else, such as the application.
type client struct {
	t    testing.TB
	conn *pgx.Conn
}

func connect(t testing.TB, s migration.Settings) client {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return client{t, conn}
}

func (c client) exec(sql string) {
	c.t.Helper()
	if _, err := c.conn.Exec(context.Background(), sql); err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
}

func (c client) number(sql string) (n int) {
	c.t.Helper()
	if err := c.conn.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// until waits for a query to return true.
func (c client) until(sql string) {
	c.t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := c.conn.QueryRow(context.Background(), sql).Scan(&yes); err != nil {
			c.t.Fatalf("%s: %v", sql, err)
		}
		if yes {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("never true: %s", sql)
		}
	}
}

// waits is true while a migration waits for a lock in this database.
const waits = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
	AND application_name LIKE 'bluegreen migrate%' AND wait_event_type = 'Lock')`

// gone is true when no migration has a session in this database.
const gone = `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen migrate%')`
