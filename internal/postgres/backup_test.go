package postgres_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// always is a database with a table of 20,000 rows, and a backup at every run.
func always(t *testing.T) migration.Settings {
	t.Helper()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n"})
	must(t, s, "shop-1")
	s.Backup.Policy = migration.Always
	if err := os.RemoveAll(s.Backup.Directory); err != nil {
		t.Fatal(err)
	}
	return s
}

// backups lists the folder.
func backups(t *testing.T, s migration.Settings) []string {
	t.Helper()
	entries, err := os.ReadDir(s.Backup.Directory)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestABackupHasEveryTable(t *testing.T) {
	t.Parallel()
	s := always(t)
	c := connect(t, s)
	c.exec(`
		CREATE SCHEMA "Other One";
		CREATE TABLE "Other One"."a; TABLE DATA b" (id int);
		CREATE TABLE parts (id int) PARTITION BY RANGE (id);
		CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
		CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM a;
		CREATE VIEW seen AS SELECT 1;
		CREATE UNLOGGED TABLE fast (id int);
		CREATE TEMP TABLE mine (id int);
		CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing; CREATE FOREIGN TABLE far (id int) SERVER nowhere;
		CREATE SEQUENCE numbers`)
	m := must(t, s, "shop-2").Backup
	want := []string{`"Other One"."a; TABLE DATA b"`, "a", "bluegreen_migrations", "far", "fast", "parts", "parts_1", "schema_migrations", "totals"}
	if !slices.Equal(m.Tables, want) {
		t.Errorf("tables %q", m.Tables)
	}
	if m.Schema != 1 || m.Level != "decoded and complete" || m.Tool == "" || m.Server == "" || m.System == "" || m.Release != "shop-2" {
		t.Errorf("%+v", m)
	}
}

func TestADamagedBackupIsNotDecoded(t *testing.T) {
	t.Parallel()
	s := always(t)
	m := must(t, s, "shop-1").Backup
	whole, err := os.ReadFile(filepath.Join(s.Backup.Directory, m.Name))
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(at int) []byte {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		return b
	}
	zeroed := slices.Clone(whole)
	clear(zeroed[len(zeroed)/2 : len(zeroed)/2+4096])
	db := open(t, s)
	if c, err := db.Contents(t.Context(), filepath.Join(s.Backup.Directory, m.Name)); err != nil || len(c.Defined) != 3 || len(c.Filled) != 3 {
		t.Fatalf("the whole backup: %+v, %v", c, err)
	}
	for name, content := range map[string][]byte{
		"cut in half": whole[:len(whole)/2], "the last 200 bytes cut": whole[:len(whole)-200], "a bit flipped at 50 %": flipped(len(whole) / 2),
		"a bit flipped at 90 %": flipped(len(whole) * 9 / 10), "4 KiB of zeroes": zeroed, "nothing": nil,
		"its head only": whole[:16], "cut at 10 %": whole[:len(whole)/10], "cut at 75 %": whole[:len(whole)*3/4], "the last byte cut": whole[:len(whole)-1],
		"another program's": []byte(strings.Repeat("PGDMP", 1000)),
	} {
		path := filepath.Join(t.TempDir(), "x.dump")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Contents(t.Context(), path); err == nil || !strings.Contains(err.Error(), "decode: run pg_restore") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// tools writes a pg_dump in front of the real one, which runs script first.
func tools(t *testing.T, s *migration.Settings, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, map[string]string{
		"pg_dump":    "#!/bin/sh\nif [ \"$1\" != --version ]; then\n" + script + "\nfi\nexec /usr/bin/env pg_dump \"$@\"\n",
		"pg_restore": "#!/bin/sh\nexec /usr/bin/env pg_restore \"$@\"\n",
	})
	s.Backup.Tools = dir
	return dir
}

func TestNoSecretIsInTheArgumentsOfPgDump(t *testing.T) {
	t.Parallel()
	s := always(t)
	dir := tools(t, &s, `echo "$@" > "$(dirname "$0")/arguments"; [ -n "$PGPASSWORD" ] && touch "$(dirname "$0")/has-password"`)
	must(t, s, "shop-2")
	arguments, err := os.ReadFile(filepath.Join(dir, "arguments"))
	if err != nil || !strings.Contains(string(arguments), "--format=custom") || strings.Contains(string(arguments), "@") || strings.Contains(string(arguments), "postgres") {
		t.Errorf("%s, %v", arguments, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "has-password")); err != nil {
		t.Error(err)
	}
}

func TestABackupThatIsInterrupted(t *testing.T) {
	t.Parallel()
	dumping := `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bluegreen backup' AND wait_event_type = 'Lock')`
	for name, c := range map[string]struct {
		interrupt func(t *testing.T, db client, tools string)
		want      string
	}{
		"the connection is cut": {func(t *testing.T, db client, _ string) {
			db.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bluegreen backup' AND wait_event_type = 'Lock'`)
		}, "back up database: run pg_dump"},
		"pg_dump is killed": {func(t *testing.T, _ client, tools string) {
			text, err := os.ReadFile(filepath.Join(tools, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err := errors.Join(err, syscall.Kill(pid, syscall.SIGKILL)); err != nil {
				t.Fatal(err)
			}
		}, "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := always(t)
			dir := tools(t, &s, `echo $$ > "$(dirname "$0")/pid"`)
			holder, db := connect(t, s), connect(t, s)
			holder.exec(`BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE`)
			done := make(chan error)
			go func() {
				_, err := migrate(t.Context(), t, s, "shop-2", nil)
				done <- err
			}()
			db.until(dumping)
			c.interrupt(t, db, dir)
			if err := <-done; err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if list := backups(t, s); len(list) != 0 {
				t.Errorf("the folder has %q", list)
			}
		})
	}
}

func TestABackupThatTakesTooLong(t *testing.T) {
	t.Parallel()
	s := always(t)
	s.Backup.Timeout = time.Second
	connect(t, s).exec(`BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE`)
	_, err := migrate(t.Context(), t, s, "shop-2", nil)
	if err == nil || !strings.Contains(err.Error(), "it took longer than database.backup.timeout, 1s") || len(backups(t, s)) != 0 {
		t.Errorf("%v, the folder has %q", err, backups(t, s))
	}
}

func TestAPgDumpThatIsTooOld(t *testing.T) {
	t.Parallel()
	s := always(t)
	s.Backup.Tools = t.TempDir()
	for version, want := range map[string]string{"9.6.1": "pg_dump 9.6.1 is older than the server, ", "none": `find pg_dump: pg_dump "" and pg_restore "" are not of one version`} {
		script := fmt.Sprintf("#!/bin/sh\necho 'pg_dump (PostgreSQL) %s'\n", version)
		write(t, s.Backup.Tools, map[string]string{"pg_dump": script, "pg_restore": script})
		_, err := migrate(t.Context(), t, s, "shop-2", nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(release.HintOf(err), "install postgresql-client-") {
			t.Errorf("%v (%s), want %q", err, release.HintOf(err), want)
		}
	}
	s.Backup.Tools = t.TempDir()
	if _, err := migrate(t.Context(), t, s, "shop-2", nil); err == nil || !strings.Contains(err.Error(), "find pg_dump: run pg_dump --version: ") {
		t.Errorf("%v", err)
	}
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	s := always(t)
	child := spawn(t, s, "shop-2", "BLUEGREEN_TEST_LARGEST_FILE=20000")
	child.wait()
	if text := child.text(); !strings.Contains(text, "failed: back up database: ") || !strings.Contains(text, "hint: make room in the backup folder") || !strings.Contains(text, "file too large") {
		t.Errorf("%s", text)
	}
	if list := backups(t, s); len(list) != 0 {
		t.Errorf("the folder has %q", list)
	}
}
