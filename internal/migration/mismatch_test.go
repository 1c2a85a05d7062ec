package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheMismatchOfTheSchemaIsWrittenDown(t *testing.T) {
	set, err := migration.Read(folder(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()", "1_a.down.sql": "DROP TABLE a"}))
	if err != nil {
		t.Fatal(err)
	}
	applied := release.Schema{Before: 0, After: 1, Applied: []uint{1}}
	for name, c := range map[string]struct {
		schema release.Schema
		now    *migration.State
		want   []string
	}{
		"what the good slot has to live with": {applied, &migration.State{Version: 1}, []string{
			"The database is at version 1, clean.", "The good slot was released with version 0", "- `1_a.up.sql: not proven", "goes forward, as a new migration"}},
		"nothing":                     {release.Schema{Before: 1, After: 1}, &migration.State{Version: 1}, []string{"runs on the schema that it was released with"}},
		"a database that is down":     {applied, nil, []string{"could not be asked for its version; this release left it at 1"}},
		"a migration that was killed": {applied, &migration.State{Version: 1, Dirty: true}, []string{"**The database is dirty at version 1**"}},
		"somebody else's change":      {applied, &migration.State{Version: 2}, []string{"**The database is at version 2**, although this release left it at 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := migration.Decide(migration.Known{Schema: c.schema, Files: set, Now: c.now}, new(release.Findings)).Mismatch(c.now)
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("want %q in\n%s", want, text)
				}
			}
		})
	}
}
