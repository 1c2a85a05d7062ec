package migration_test

import (
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/source"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// seeds are names that golang-migrate reads, skips, or reads in a way that one
// would not think.
var seeds = []string{
	"1_users.up.sql", "001_users.down.sql", "3_.up.sql", "20240101120000_a.b.up.sql", "1_a.down.up.sql", "1_a.up.sql.bak",
	"001_initial_schema.sql", "V1__y.up.sql", "1-y.up.sql", "2_y.UP.sql", "README.md", "", "_.up.sql", "1_up.sql",
	"99999999999999999999_x.up.sql", "9223372036854775808_x.up.sql", "1_x\n.up.sql", "１_x.up.sql", " 1_x.up.sql",
}

// FuzzParseName holds ParseName against golang-migrate's own: they read the same
// names in the same way, but for numbers that golang-migrate reads and cannot hold.
func FuzzParseName(f *testing.F) {
	for _, name := range seeds {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		ours, ok := migration.ParseName(name)
		theirs, err := source.Parse(name)
		if !ok && err == nil && int64(theirs.Version) >= 0 {
			t.Fatalf("%q: golang-migrate reads it as %+v", name, theirs)
		}
		if !ok {
			return
		}
		if err != nil || uint(ours.Version) != theirs.Version || ours.Title != theirs.Identifier || string(ours.Direction) != string(theirs.Direction) {
			t.Fatalf("%q: %+v, golang-migrate %+v, %v", name, ours, theirs, err)
		}
		if again, ok := migration.ParseName(ours.String()); !ok || again != ours {
			t.Fatalf("%q: printed as %q and read again as %+v", name, ours.String(), again)
		}
	})
}

// FuzzSuggestion holds that a better name, where one is given, is one that
// golang-migrate reads.
func FuzzSuggestion(f *testing.F) {
	for _, name := range seeds {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 250 {
			return
		}
		text := migration.Remedy(name + ".sql")
		better, ok := strings.CutPrefix(text, "rename it to ")
		if !ok {
			return
		}
		if n, ok := migration.ParseName(better); !ok || n.Extension != "sql" {
			t.Fatalf("%q: %q is no better", name, better)
		}
	})
}

func TestRemedies(t *testing.T) {
	for name, want := range map[string]string{
		"001_initial_schema.sql": "rename it to 001_initial_schema.up.sql",
		"V1__y.up.sql":           "rename it to 1_y.up.sql",
		"2_y.UP.sql":             "rename it to 2_y.up.sql",
		"1-y.down.sql":           "rename it to 1_y.down.sql",
		"3.sql":                  "rename it to 3_.up.sql",
		"schema.sql":             "name it <number>_<title>.up.sql, or move it out of the folder",
		"init_v2.sql":            "name it <number>_<title>.up.sql, or move it out of the folder",
	} {
		if have := migration.Remedy(name); have != want {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
}
