package migration_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/source/iofs"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestReadTakesTheFilesThatGolangMigrateTakes(t *testing.T) {
	dir := folder(t, map[string]string{
		"0002_b.up.sql": "SELECT 2", "0002_b.down.sql": "SELECT 2; SELECT 3", "1_a.up.sql": "SELECT 1", "1_a.down.sql": "-- nothing",
		"10_c.d.up.sql": "SELECT 10", "20240101000000_.up.sql": "SELECT 4", "README.md": "# x", "notes.txt": "x", "Makefile": "x",
	})
	if err := os.Mkdir(filepath.Join(dir, "contract"), 0o700); err != nil {
		t.Fatal(err)
	}
	set, err := migration.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := iofs.New(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	v, err := theirs.First()
	for _, m := range set.List {
		if err != nil || uint(m.Version) != v {
			t.Fatalf("version %v, golang-migrate %d, %v", m.Version, v, err)
		}
		v, err = theirs.Next(v)
	}
	if err == nil {
		t.Fatalf("golang-migrate has version %d as well", v)
	}
	var ways []string
	for _, m := range set.List {
		ways = append(ways, m.WayBack())
	}
	want := []string{"no way back: 1_a.down.sql has no statement", "0002_b.down.sql, statements: 2", "no way back: no down file", "no way back: no down file"}
	if !slices.Equal(ways, want) {
		t.Fatalf("ways back %q", ways)
	}
	if sum := sha256.Sum256([]byte("SELECT 1")); set.List[0].Up.SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("SHA-256 %s", set.List[0].Up.SHA256)
	}
}

func TestReadRefusesAllAtOnce(t *testing.T) {
	dir := folder(t, map[string]string{
		"001_initial_schema.sql": "SELECT 1", "V1__y.up.sql": "SELECT 1", "2_y.UP.sql": "SELECT 1", "3_ok.up.sql": "SELECT 1",
		"03_again.up.sql": "SELECT 1", "4_empty.up.sql": "-- nothing\n;", "5_alone.down.sql": "SELECT 1", "6_old.up.sql.bak": "SELECT 1",
		"7_cic.up.sql": "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a)", "8_open.up.sql": "SELECT 'a", "README.md": "x",
		"99999999999999999999_big.up.sql": "SELECT 1",
	})
	_, err := migration.Read(dir)
	if release.ExitStatus(err) != 1 || release.HintOf(err) == "" {
		t.Fatalf("exit status %d, hint %q: %v", release.ExitStatus(err), release.HintOf(err), err)
	}
	for _, want := range []string{
		"/001_initial_schema.sql: golang-migrate would skip it without a word: rename it to 001_initial_schema.up.sql",
		"/V1__y.up.sql: golang-migrate would skip it without a word: rename it to 1_y.up.sql",
		"/2_y.UP.sql: golang-migrate would skip it without a word: rename it to 2_y.up.sql",
		"/3_ok.up.sql: version 3 is also that of 03_again.up.sql: give it the next free number",
		"/4_empty.up.sql: it has no statement",
		"/5_alone.down.sql: there is no up file of version 5",
		"/6_old.up.sql.bak: golang-migrate would run it as SQL",
		"/7_cic.up.sql: line 1: CREATE INDEX CONCURRENTLY cannot share a file",
		"/8_open.up.sql: line 1: a quote that is not closed",
		"/99999999999999999999_big.up.sql: golang-migrate would skip it",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s", want)
		}
	}
	if strings.Contains(err.Error(), "README") {
		t.Errorf("README.md is no migration: %v", err)
	}
}

func TestReadRefusesAMissingFolder(t *testing.T) {
	_, err := migration.Read(filepath.Join(t.TempDir(), "none"))
	if release.ExitStatus(err) != 2 {
		t.Fatalf("%v", err)
	}
}
