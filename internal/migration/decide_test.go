package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheSchemaIsKept(t *testing.T) {
	set, err := migration.Read(folder(t, map[string]string{
		"1_a.up.sql": "CREATE TABLE a ()", "1_a.down.sql": "DROP TABLE a; SELECT 1",
		"2_b.up.sql": "ALTER TABLE a ADD COLUMN b int", "2_b.down.sql": "-- none",
		"3_c.up.sql": "UPDATE a SET b = 1",
		"4_d.up.sql": "SELECT 1;\nALTER TABLE a DROP COLUMN b", "4_d.down.sql": "ALTER TABLE a ADD COLUMN b int",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		schema release.Schema
		now    *migration.State
		want   []string
		reason string
		status release.Status // of 4.2.s2a
	}{
		"nothing was applied": {release.Schema{Before: 4, After: 4}, &migration.State{Version: 4}, nil, "this release applied no migration", release.Passed},
		"a way back that was not rehearsed": {release.Schema{After: 1, Applied: []uint{1}}, &migration.State{Version: 1},
			[]string{"1_a.up.sql: not proven to be reversible: 1_a.down.sql, statements: 2, was not rehearsed"}, "no way back was proven without loss", release.Passed},
		"all of them": {release.Schema{After: 5, Applied: []uint{1, 2, 3, 4, 5}}, &migration.State{Version: 5}, []string{
			"1_a.up.sql: not proven", "2_b.up.sql: not reversible: no way back: 2_b.down.sql has no statement", "3_c.up.sql: not reversible: no way back: no down file",
			"4_d.up.sql: reversible with loss: ALTER TABLE A in line 2", "version 5: no way back: the folder does not have its files",
		}, "not every migration of this release has a way back", release.Passed},
		"somebody changed it":            {release.Schema{After: 1, Applied: []uint{1}}, &migration.State{Version: 0}, nil, "", release.Failed},
		"the database does not answer":   {release.Schema{After: 1, Applied: []uint{1}}, nil, nil, "", release.NotShown},
		"the database is dirty meantime": {release.Schema{After: 1}, &migration.State{Version: 1, Dirty: true}, nil, "", release.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			var seen release.Findings
			d := migration.Decide(migration.Known{Schema: c.schema, Files: set, Now: c.now}, &seen)
			if d.Possible || d.Gone || !strings.Contains(d.Reason, c.reason) || len(d.Verdicts) != len(c.schema.Applied) {
				t.Fatalf("%+v", d)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(d.Verdicts[i].Reason, want) || d.Verdicts[i].Way == migration.Lossless {
					t.Errorf("%+v, want %q", d.Verdicts[i], want)
				}
			}
			if e := found(&seen); e["4.2.s2a"].Status != c.status || e["4.2.1"].Status != release.Passed {
				t.Errorf("%+v", e)
			}
		})
	}
}
