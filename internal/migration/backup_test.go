package migration_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// names lists what is in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func back(t *testing.T, s migration.Settings, dump *dumper, id release.ID) (migration.Report, error) {
	t.Helper()
	s.Backup.Policy = migration.Always
	return migration.Run(t.Context(), s, migration.Systems{Database: newDatabase(t, migration.None), Dumper: dump}, id, new(release.Findings))
}

func TestABackupHasItsManifest(t *testing.T) {
	s, dump := settings(t, nil), goodDumper()
	report, err := back(t, s, dump, "shop-1")
	if err != nil {
		t.Fatal(err)
	}
	m := report.Backup
	text, err := os.ReadFile(filepath.Join(s.Backup.Directory, m.Name+".json"))
	var read migration.Manifest
	if err := errors.Join(err, json.Unmarshal(text, &read)); err != nil {
		t.Fatal(err)
	}
	if read.SHA256 != m.SHA256 || read.Bytes != int64(len(dump.content)) || read.Level != "decoded and complete" || read.Release != "shop-1" || read.Database != "shop" ||
		read.Schema != migration.None || read.Server != "15.4" || read.Tool != "16.1" || strings.Join(read.Tables, " ") != "public.users public.events" {
		t.Errorf("%s", text)
	}
	for _, name := range names(t, s.Backup.Directory) {
		info, err := os.Stat(filepath.Join(s.Backup.Directory, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	if h := m.Handle(); h.Name != m.Name || h.Level != string(migration.Decoded) || h.Bytes != m.Bytes {
		t.Errorf("handle %+v", h)
	}
}

func TestNothingHalfMadeHasTheNameOfABackup(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*dumper)
		want   string
	}{
		"pg_dump fails":                     {func(d *dumper) { d.err = errors.New("run pg_dump: exit status 1") }, "back up database: run pg_dump: exit status 1"},
		"the disk is full":                  {func(d *dumper) { d.err = syscall.ENOSPC }, "no space left"},
		"it cannot be decoded":              {func(d *dumper) { d.bad = errors.New("incorrect data check") }, "verify backup: incorrect data check"},
		"the disk has something else":       {func(d *dumper) { d.bad = nil; d.read = migration.Contents{} }, "it lacks public.users, public.events"},
		"a table is not in it":              {func(d *dumper) { delete(d.read.Defined, 2) }, "it lacks public.events"},
		"the rows of a table are not in it": {func(d *dumper) { delete(d.read.Filled, 1) }, "it lacks rows of public.users"},
		"it is much smaller than the last":  {func(d *dumper) { d.content = "a bac" }, "is less than 50 % of the last one"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, nil)
			if _, err := back(t, s, goodDumper(), "shop-1"); err != nil {
				t.Fatal(err)
			}
			dump := goodDumper()
			c.change(dump)
			report, err := back(t, s, dump, "shop-2")
			if err == nil || !strings.Contains(err.Error(), c.want) || report.Backup != nil {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if list := names(t, s.Backup.Directory); len(list) != 2 {
				t.Fatalf("the folder has %q", list)
			}
		})
	}
}

func TestOldBackupsGoAndNothingElse(t *testing.T) {
	s := settings(t, nil)
	s.Backup.Keep = 2
	dir := s.Backup.Directory
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	strange := map[string]string{
		"notes.txt": "x", "by-hand.dump": "x", "other-tool.dump.json": "{", "shop-1.dump": "x",
		"other-db.dump": "x", "other-db.dump.json": `{"name": "other-db.dump", "database": "other", "system": "7"}`,
		"elsewhere.dump": "x", "elsewhere.dump.json": `{"name": "elsewhere.dump", "database": "shop", "system": "8"}`,
		"alien.dump": "x", "alien.dump.json": `{"name": "../../etc/passwd", "database": "shop", "system": "7"}`,
		".draft-left": "half", "orphan.dump.json": `{}`,
	}
	for name, text := range strange {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "orphan.dump.json"), old, old); err != nil {
		t.Fatal(err)
	}
	var last migration.Report
	for _, id := range []release.ID{"shop-1", "shop-2", "shop-3", "shop-4"} {
		var err error
		if last, err = back(t, s, goodDumper(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // names have milliseconds
	}
	if len(last.Kept) != 2 || len(last.Removed) != 1 || last.Kept[1].Name != last.Backup.Name {
		t.Errorf("kept %v, removed %q", last.Kept, last.Removed)
	}
	left := map[string]bool{}
	for _, name := range names(t, dir) {
		left[name] = true
	}
	for name := range strange {
		if gone := name == ".draft-left" || name == "orphan.dump.json" || name == "other-tool.dump.json"; left[name] == gone && name != "other-tool.dump.json" {
			t.Errorf("%s: there %t", name, left[name])
		}
	}
	if len(left) != 4+len(strange)-2 {
		t.Errorf("the folder has %v", left)
	}
}

func TestABackupIsReusedBySameReleaseOnly(t *testing.T) {
	for name, c := range map[string]struct {
		id     release.ID
		change func(*testing.T, *database, string)
		again  bool // another one is taken
	}{
		"the same release":   {id: "shop-1"},
		"another release":    {id: "shop-2", again: true},
		"a file was applied": {id: "shop-1", again: true, change: func(_ *testing.T, d *database, _ string) { d.state.Version = 1; d.state.Journal = applied("shop-1", 1) }},
		"one was, and undone": {id: "shop-1", again: true, change: func(_ *testing.T, d *database, _ string) {
			d.state.Journal[1] = migration.Entry{Version: 1, Applied: true, At: time.Now().Add(time.Hour)}
		}},
		"it is old": {id: "shop-1", again: true, change: func(t *testing.T, _ *database, path string) {
			text, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatal(err)
			}
			m["takenAt"] = time.Now().Add(-61 * time.Minute)
			if text, err = json.Marshal(m); err == nil {
				err = os.WriteFile(path+".json", text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		"the file was changed": {id: "shop-1", again: true, change: func(t *testing.T, _ *database, path string) {
			if err := os.WriteFile(path, []byte("a backup of same size!"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, dump, db := settings(t, nil), goodDumper(), newDatabase(t, migration.None)
			s.Backup.Policy = migration.Always
			first, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: dump}, "shop-1", new(release.Findings))
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(t, db, filepath.Join(s.Backup.Directory, first.Backup.Name))
			}
			time.Sleep(2 * time.Millisecond)
			second, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: dump}, c.id, new(release.Findings))
			if second.Reused == c.again || (dump.calls == 2) != c.again || second.Backup == nil {
				t.Fatalf("reused %t, %d dumps, %v", second.Reused, dump.calls, err)
			}
		})
	}
}

func TestABackupFolderIsNeeded(t *testing.T) {
	s := settings(t, nil)
	s.Backup.Directory = ""
	_, err := back(t, s, goodDumper(), "shop-1")
	if release.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "database.backup.directory is missing") {
		t.Fatal(err)
	}
}
