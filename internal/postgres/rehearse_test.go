package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// played is a database with rows at version 1, whose files are rehearsed on its own
// server.
func played(t testing.TB) (migration.Settings, release.ID) {
	t.Helper()
	s := settings(t, map[string]string{
		"1_a.up.sql": `
			CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, nick text);
			CREATE TABLE notes (id bigint PRIMARY KEY, author bigint REFERENCES users);
			CREATE TYPE mood AS ENUM ('ok');
			INSERT INTO users SELECT i, 'name ' || i, CASE WHEN i % 2 = 0 THEN 'nick' || i END FROM generate_series(1, 100) i;
			INSERT INTO notes SELECT i, i FROM generate_series(1, 50) i`,
		"1_a.down.sql": "DROP TABLE notes; DROP TABLE users; DROP TYPE mood",
	})
	must(t, s, "shop-0")
	s.Rehearsal = migration.Rehearsals{Where: migration.Production, Data: migration.Backup, MaxSize: 20e9, Free: 20e9, Jobs: 2, Timeout: soon}
	if err := s.Rehearsal.Check(); err != nil {
		t.Fatal(err)
	}
	return s, release.ID(lab.Name(t))
}

// stage rehearses where the settings say.
func stage(s migration.Settings) migration.Stage {
	server := postgres.Server{Where: "the live server", Key: "database.url", URL: s.URL, Live: true}
	if s.Rehearsal.URL != "" {
		server = postgres.Server{Where: "another server", Key: "database.rehearsal.url", URL: s.Rehearsal.URL}
	}
	db, err := postgres.New(s)
	if err != nil {
		panic(err) // also in a child, which has no test
	}
	return postgres.NewStage(db, func(context.Context) (postgres.Server, error) { return server, nil })
}

// play is a run that rehearses.
func play(t testing.TB, s migration.Settings, id release.ID, progress func(migration.Event)) (migration.Report, *release.Findings, error) {
	t.Helper()
	db, seen := open(t, s), new(release.Findings)
	r, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: db, Stage: stage(s), Progress: progress}, id, seen)
	return r, seen, err
}

// nothingLeft fails the test when a scratch database of a release is there.
func nothingLeft(t *testing.T, c client, id release.ID) {
	t.Helper()
	name := "bluegreen_scratch_%" + strings.ReplaceAll(string(id[max(0, len(id)-32):]), "-", `\_`) + "%"
	if n := c.number(`SELECT count(*) FROM pg_database WHERE datname LIKE '` + name + `'`); n != 0 {
		t.Errorf("scratch databases that are left: %d", n)
	}
}

func found(seen *release.Findings, id string) (e release.Evidence) {
	for _, one := range seen.List() {
		if one.ID == id {
			e = one
		}
	}
	return e
}

// TestTheWayBackIsWhatTheScratchDatabaseShows goes through what golang-migrate
// takes for a success.
func TestTheWayBackIsWhatTheScratchDatabaseShows(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	cases := []struct {
		up, down   string
		difference string
		lost       string
		reversible bool
	}{
		{"ALTER TABLE users ADD COLUMN mail text", "ALTER TABLE users DROP COLUMN mail", "", "", true},
		{"CREATE TABLE lonely ()", "", "no way back: no down file", "", false},
		{"ALTER TABLE users ADD COLUMN e int", "-- later", `table users is another: it has "e integer"`, "", false},
		{"CREATE TABLE l1 (); CREATE TABLE l2 ()", "DROP TABLE l1", "table l2 is left", "", false},
		{"ALTER TABLE users DROP COLUMN nick", "ALTER TABLE users ADD COLUMN nick text", `table users is another: its parts are in another order`, "column users.nick, 50 values", false},
		{"ALTER TYPE mood ADD VALUE 'bad'", "SELECT 1", `type mood is another: it has "'bad'"`, "", false},
		{"CREATE INDEX CONCURRENTLY notes_author ON notes (author)", "DROP INDEX CONCURRENTLY notes_author", "", "", true},
		{"BEGIN;\nCREATE TABLE own ();\nCOMMIT;", "BEGIN; DROP TABLE own; END", "", "", true},
		{"BEGIN; CREATE TABLE w1 (); COMMIT; CREATE TABLE w2 ()", "DROP TABLE w1; DROP TABLE w2", "", "", true},
		{"CREATE TABLE f ()", "DROP TABLE f; DROP TABLE nowhere", `ended in an error: table "nowhere" does not exist`, "", false},
		{"UPDATE users SET name = upper(name)", "SELECT 1", "", "column users.name, which has other values than before", false},
		{"DELETE FROM notes WHERE id <= 10", "SELECT 1", "", "table notes, 10 of 50 rows", false},
		{"INSERT INTO notes VALUES (1000, 1) ON CONFLICT DO NOTHING", "SELECT 1", "after down, table notes has 1 rows more", "", true},
	}
	for i, c := range cases {
		name := string(rune('b' + i))
		number := string("2345678"[i%7])
		if i >= 7 {
			number = "1" + number
		}
		files := map[string]string{number + "_" + name + ".up.sql": c.up, number + "_" + name + ".down.sql": c.down}
		if c.down == "" {
			delete(files, number+"_"+name+".down.sql")
		}
		write(t, s.Folder, files)
	}
	r, seen, err := play(t, s, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		p := r.Rehearsal.Proofs[i]
		if !strings.Contains(p.Difference, c.difference) || (c.difference == "") != (p.Difference == "") || strings.Join(p.Lost, ", ") != c.lost || p.Reversible() != c.reversible || !p.Data {
			t.Errorf("%s\n%s\n%+v", c.up, c.down, p)
		}
	}
	if e := found(seen, "B.2.v3"); e.Status != release.Passed || !strings.Contains(e.Observed, "13 of 13 files went up on 150 rows") {
		t.Errorf("%+v", e)
	}
	if e := found(seen, "A.5.v2"); e.Status != release.Passed || r.Backup.Level != migration.Restored {
		t.Errorf("%+v, level %s", e, r.Backup.Level)
	}
	again := must(t, s, id)
	if again.Nothing == "" {
		t.Errorf("%+v", again)
	}
	nothingLeft(t, connect(t, s), id)
}

func TestEveryStatementIsTraced(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql": "SET search_path = public;\nALTER TABLE users ADD COLUMN mail text; -- cheap\nDO $$ BEGIN EXECUTE format('ALTER TABLE %I ALTER COLUMN id TYPE numeric', 'users'); END $$;\nUPDATE notes SET author = author WHERE id < 8;",
		"3_c.up.sql": "CREATE TABLE tags (note bigint REFERENCES notes);",
		"4_d.up.sql": "CREATE INDEX CONCURRENTLY i ON users (name)",
		"5_e.up.sql": "DROP INDEX CONCURRENTLY i",
		"6_f.up.sql": "ALTER TABLE notes RENAME TO remarks; ALTER TABLE remarks ADD COLUMN x int",
		"7_g.up.sql": "REINDEX TABLE CONCURRENTLY users",
		"8_h.up.sql": "CREATE TABLE events (n int) PARTITION BY RANGE (n); CREATE TABLE early PARTITION OF events FOR VALUES FROM (1) TO (2)",
		"9_i.up.sql": "ALTER TABLE events DETACH PARTITION early CONCURRENTLY",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		exact      bool
		statements []string
		changed    int64
	}{
		{true, []string{"ACCESS EXCLUSIVE on users", "ACCESS EXCLUSIVE on notes, rewrites users, scans notes, scans users", "scans notes"}, 7},
		{true, []string{"SHARE ROW EXCLUSIVE on notes"}, 0},
		{false, []string{"SHARE UPDATE EXCLUSIVE on users"}, 0},
		{false, []string{"SHARE UPDATE EXCLUSIVE on users"}, 0},
		{true, []string{"ACCESS EXCLUSIVE on notes", ""}, 0},
		{false, []string{"SHARE UPDATE EXCLUSIVE on users"}, 0},
		{true, []string{"", ""}, 0},
	}
	for i, w := range want {
		up := r.Rehearsal.Files[i].Up
		var have []string
		var changed int64
		for _, st := range up.Statements {
			have = append(have, st.Effect.String())
			for _, rows := range st.Rows {
				changed += rows.Changed
			}
		}
		if up.Exact != w.exact || strings.Join(have, "; ") != strings.Join(w.statements, "; ") || changed != w.changed {
			t.Errorf("%s: exact %t, %q, %d rows", r.Rehearsal.Files[i].File, up.Exact, have, changed)
		}
	}
	if st := r.Rehearsal.Files[0].Up.Statements; st[1].Line != 3 || st[1].Place != 2 || st[0].Held < st[1].Held {
		t.Errorf("%+v", st)
	}
}

// TestTheRowsOfEachTableAreTold has what cascades and what counts anew, and a file that is
// only watched.
func TestTheRowsOfEachTableAreTold(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	connect(t, s).exec(`ALTER TABLE notes DROP CONSTRAINT notes_author_fkey, ADD FOREIGN KEY (author) REFERENCES users ON DELETE CASCADE;
		CREATE TABLE old (id bigint); INSERT INTO old SELECT generate_series(1, 20)`)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql": "DELETE FROM users WHERE id < 11; INSERT INTO old VALUES (1), (2); DELETE FROM old WHERE id = 3; TRUNCATE old; INSERT INTO old SELECT generate_series(1, 20);",
		"3_c.up.sql": "BEGIN; UPDATE users SET nick = NULL WHERE id < 50; COMMIT; DROP TABLE old;",
		"4_d.up.sql": "CREATE TABLE fine ();",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, st := range r.Rehearsal.Files[0].Up.Statements {
		for _, rows := range st.Rows {
			if rows.Added+rows.Changed > 0 {
				told = append(told, fmt.Sprintf("%d: %v +%d ~%d", st.Place, rows.On, rows.Added, rows.Changed))
			}
		}
	}
	if have, want := strings.Join(told, ", "), "0: notes +0 ~10, 0: users +0 ~10, 1: old +2 ~0, 2: old +0 ~1, 4: old +20 ~0"; have != want {
		t.Errorf("%s\nwant %s", have, want)
	}
	for i, want := range []string{"table notes, 10 of 50 rows; table users, 10 of 100 rows", "table old, 20 rows; column users.nick, 19 values", ""} {
		var lost []string
		for _, l := range r.Rehearsal.Files[i].Lost {
			lost = append(lost, l.Text)
		}
		if have := strings.Join(lost, "; "); have != want {
			t.Errorf("%s: %s\nwant %s", r.Rehearsal.Files[i].File, have, want)
		}
	}
}

func TestAFileThatFailsOnTheRowsIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE fine ();", "3_c.up.sql": "SELECT 1;\nALTER TABLE users ALTER COLUMN nick SET NOT NULL;"})
	r, seen, err := play(t, s, id, nil)
	if err == nil || release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), `3_c.up.sql: column "nick" of relation "users" contains null values`) ||
		!strings.Contains(release.HintOf(err), "the live database was not touched") || len(r.Rehearsal.Files) != 1 {
		t.Errorf("%v (%s), %+v", err, release.HintOf(err), r.Rehearsal)
	}
	if e := found(seen, "B.2.v3"); e.Status != release.Failed {
		t.Errorf("%+v", e)
	}
	at(t, s, 1)
	nothingLeft(t, connect(t, s), id)
	s.Rehearsal.Data = migration.Schema // which has no such rows
	_, seen, err = play(t, s, id, nil)
	if err == nil || strings.Contains(err.Error(), "rehearse") || found(seen, "B.2.v3").Status != release.NotShown || found(seen, "B.2.s1").Status != release.Passed {
		t.Errorf("%v", err)
	}
}

func TestALargeDatabaseIsRehearsedOnItsSchema(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "ALTER TABLE users DROP COLUMN nick", "2_b.down.sql": "ALTER TABLE users ADD COLUMN nick text"})
	s.Rehearsal.MaxSize = 1
	r, _, err := play(t, s, id, nil)
	if err != nil || r.Rehearsal.Data || !strings.Contains(r.Rehearsal.On, "more than database.rehearsal.max-size") {
		t.Fatalf("%v, %+v", err, r.Rehearsal)
	}
	if p := r.Rehearsal.Proofs[0]; p.Reversible() || len(p.Lost) != 1 || p.Data {
		t.Errorf("what drops a column is never proven without rows: %+v", p)
	}
}

func TestARestoredBackupThatLacksRowsIsRefused(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	p, err := migration.Look(t.Context(), s, open(t, s))
	if err != nil {
		t.Fatal(err)
	}
	m, err := migration.Latest(s, p, migration.Contract{})
	if err != nil || m != nil {
		t.Fatalf("%+v, %v", m, err) // the last one was taken before version 1
	}
	s.Backup.Policy = migration.Always
	write(t, s.Folder, map[string]string{"2_b.up.sql": ""})
	if err := os.Remove(filepath.Join(s.Folder, "2_b.up.sql")); err != nil {
		t.Fatal(err)
	}
	must(t, s, id)
	if m, err = migration.Latest(s, p, migration.Contract{}); err != nil || m == nil {
		t.Fatalf("%+v, %v", m, err)
	}
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	if p, err = migration.Look(t.Context(), s, open(t, s)); err != nil {
		t.Fatal(err)
	}
	rows := m.Rows["users"]
	rows.Count++
	m.Rows["users"] = rows
	_, err = migration.Rehearse(t.Context(), s, migration.Systems{Stage: stage(s)}, p, migration.Contract{}, m, id)
	if err == nil || !strings.Contains(err.Error(), "verify backup: restored, table users has 100 rows, and had 101 rows in the snapshot") {
		t.Errorf("%v", err)
	}
	nothingLeft(t, connect(t, s), id)
}

func TestTwoRehearsalsAtOnceDoNotMeet(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()", "2_b.down.sql": "DROP TABLE b", "3_c.up.sql": "CREATE TABLE c ()", "3_c.down.sql": "DROP TABLE c"})
	p, err := migration.Look(t.Context(), s, open(t, s))
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			r, err := migration.Rehearse(t.Context(), s, migration.Systems{Stage: stage(s)}, p, migration.Contract{}, nil, id)
			if err != nil || len(r.Proofs) != 2 || !r.Proofs[0].Reversible() || !r.Proofs[1].Reversible() || r.On != "the schema alone: there is no backup on this machine" {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
	wait.Wait()
	at(t, s, 1)
	nothingLeft(t, connect(t, s), id)
}

// TestAPlainUserRehearsesInItsOwnSchema has a search path, a time zone and rights
// other than the ones that a superuser finds.
func TestAPlainUserRehearsesInItsOwnSchema(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	c, role := connect(t, s), strings.ReplaceAll(string(id), "-", "_")
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	c.exec(`CREATE ROLE ` + role + ` LOGIN CREATEDB PASSWORD 'x'; CREATE SCHEMA "My Shop" AUTHORIZATION ` + role)
	c.exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "My Shop", public', current_database());
		EXECUTE format('ALTER DATABASE %I SET timezone = ''Europe/Berlin''', current_database()); END $$`)
	t.Cleanup(func() { c.exec(`DROP OWNED BY ` + role + ` CASCADE; DROP ROLE ` + role) })
	c.exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	u.User = url.UserPassword(role, "x")
	s.URL = release.Secret(u.String())
	s.Folder = t.TempDir()
	write(t, s.Folder, map[string]string{
		"1_a.up.sql": "CREATE TABLE times (at timestamp); INSERT INTO times VALUES (now())", "1_a.down.sql": "DROP TABLE times",
		"2_b.up.sql": "ALTER TABLE times ALTER COLUMN at TYPE timestamptz", "2_b.down.sql": "ALTER TABLE times ALTER COLUMN at TYPE timestamp",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	seen := r.Rehearsal.Files[1].Up.Statements[0].Effect.String()
	if want := "ACCESS EXCLUSIVE on My Shop.times, rewrites My Shop.times, scans My Shop.times"; seen != want || !r.Rehearsal.Proofs[1].Reversible() {
		t.Errorf("%s, want %s; %+v", seen, want, r.Rehearsal.Proofs)
	}
	nothingLeft(t, c, id)
}

// What a dropped table leaves is no table that was written again; and the last file
// may be the one whose scratch database has to be thrown away.
func TestTheLastFileDropsATableAndDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "DROP TABLE notes", "2_b.down.sql": "DROP TABLE nowhere"})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, traced := range r.Rehearsal.Files[0].Up.Statements {
		if len(traced.Effect.Rewrites) > 0 {
			t.Errorf("rewrites %v", traced.Effect.Rewrites)
		}
	}
	if p := r.Rehearsal.Proofs[0]; p.Reversible() || !strings.Contains(p.Difference, "nowhere") {
		t.Errorf("%+v", p)
	}
	nothingLeft(t, connect(t, s), id)
}

// TestALockOfAWatchedFileIsTimed has one that ends long before its file.
func TestALockOfAWatchedFileIsTimed(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql": "BEGIN; LOCK TABLE notes; SELECT pg_sleep(3); COMMIT; SELECT pg_sleep(6);",
		"3_c.up.sql": "CREATE TABLE fine ();",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	st := r.Rehearsal.Files[0].Up.Statements[0]
	if st.Effect.String() != "ACCESS EXCLUSIVE on notes" || st.Held == 0 || st.Took-st.Held < time.Second {
		t.Errorf("%+v", st)
	}
}
