package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

func TestABackfillOverwritesWhatItsFileHasNotMade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table, set string
		made       []string
		want       string
	}{
		{"users", "nick = upper(name)", []string{"column users.nick"}, ""},
		{"users", "Nick = (SELECT a, b), mood = ARRAY[1, 2]", []string{"column users.nick", "column users.mood"}, ""},
		{"users", "nick = name, name = ''", []string{"column users.nick"}, "column users.name"},
		{"users", "(nick, mood) = (1, 2)", []string{"column users.nick", "column users.mood"}, "values of table users"},
		{"users", "nick[1] = 2", []string{"column users.nick"}, "values of table users"},
		{"users", "nick = 1", []string{"table users"}, ""},
		{"users", "nick = 1", []string{"table notes", "column notes.nick"}, "column users.nick"},
		{`shop."Orders"`, `"Total ""net""" = 1`, []string{`column shop."Orders".Total "net"`}, ""},
		{`shop."Orders"`, `total = 1`, []string{`column "Orders".total`}, ""},
		{"users", "nick = 1", nil, "column users.nick"},
	} {
		script, err := migration.ParseScript("-- bluegreen: backfill " + c.table + " key=id\n-- UPDATE " + c.table + " SET " + c.set + " WHERE true;\n")
		if err != nil {
			t.Fatal(c.set, err)
		}
		m := migration.Migration{Version: 2, Up: migration.File{Name: "2.up.sql", Script: script}}
		if got := m.Overwritten(c.made); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s with %q: %q, want %q", c.set, c.made, got, c.want)
		}
	}
}
