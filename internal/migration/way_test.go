package migration_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestTheWayBackIsProvenOrIsNone judges one migration, of which everything is proven
// but what a case changes.
func TestTheWayBackIsProvenOrIsNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		up, down string
		change   func(*migration.Entry, *migration.Known)
		way      migration.Way
		says     string
	}{
		"all is proven":               {way: migration.Lossless, says: "was rehearsed, led back to the same schema"},
		"no down file":                {down: "-- none", way: migration.NoWay, says: "1_a.down.sql has no statement"},
		"up destroys":                 {up: "CREATE TABLE a (b int); DELETE FROM c", way: migration.Lossy, says: "DELETE FROM C in line 1"},
		"down is not one transaction": {down: "DROP TABLE a; COMMIT; SELECT 1", way: migration.Unproven, says: "is not one transaction"},
		"it was not rehearsed":        {change: func(e *migration.Entry, _ *migration.Known) { e.Proof = nil }, way: migration.Unproven, says: "was not rehearsed"},
		"other files were":            {change: func(e *migration.Entry, _ *migration.Known) { e.Proof.Down = "other" }, way: migration.Unproven, says: "not those that were rehearsed"},
		"it did not lead back": {change: func(e *migration.Entry, _ *migration.Known) {
			e.Proof.Returned, e.Proof.Difference = false, "table a is left"
		}, way: migration.NoWay, says: "table a is left"},
		"up could not run again":         {change: func(e *migration.Entry, _ *migration.Known) { e.Proof.Again = false }, way: migration.NoWay, says: "did not lead back"},
		"the rehearsal has lost":         {change: func(e *migration.Entry, _ *migration.Known) { e.Proof.Lost = []string{"column a.b, 812 values"} }, way: migration.Lossy, says: "column a.b, 812 values"},
		"it came behind another":         {change: func(e *migration.Entry, _ *migration.Known) { e.Previous = 7 }, way: migration.NoWay, says: "it came behind version 7"},
		"what it made is not known":      {change: func(e *migration.Entry, _ *migration.Known) { e.Made = nil }, way: migration.Unproven, says: "what it has made is not known"},
		"it was written to since":        {change: func(_ *migration.Entry, k *migration.Known) { k.Written[1] = []string{"table a, 3 rows"} }, way: migration.Lossy, says: "written since: table a, 3 rows"},
		"it could not be counted":        {change: func(_ *migration.Entry, k *migration.Known) { k.Unread[1] = errors.New("it took too long") }, way: migration.Unproven, says: "it took too long"},
		"its schema before is not known": {change: func(e *migration.Entry, _ *migration.Known) { e.Fingerprint = "" }, way: migration.Unproven, says: "database.down was not proven when it was applied"},
		"down removes other rows":        {down: "DELETE FROM users WHERE id > 1;\nDROP TABLE a", way: migration.Unproven, says: "1_a.down.sql may take away more than 1_a.up.sql has made: DELETE FROM USERS in line 1"},
		"the database is gone":           {change: func(_ *migration.Entry, k *migration.Known) { k.Now = nil }, way: migration.Unproven, says: "could not be asked"},
		"another one is on top":          {change: func(_ *migration.Entry, k *migration.Known) { k.Now.Version = 2 }, way: migration.Lossless, says: ""},
		"it has contracted":              {change: func(_ *migration.Entry, k *migration.Known) { k.Schema.Contracted = []uint{1} }, way: migration.Lossless, says: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"1_a.up.sql": "CREATE TABLE a (b int)", "1_a.down.sql": "DROP TABLE a"}
			if c.up != "" {
				files["1_a.up.sql"] = c.up
			}
			if c.down != "" {
				files["1_a.down.sql"] = c.down
			}
			set, err := migration.Read(folder(t, files))
			if err != nil {
				t.Fatal(err)
			}
			m := set.List[0]
			e := migration.Entry{Version: 1, Previous: migration.None, Applied: true, Settled: true, Release: "shop-1", Made: []string{"table a"}, Fingerprint: "a1",
				Proof: &migration.Proof{Version: 1, Up: m.Up.SHA256, Down: m.Down.SHA256, Data: true, Returned: true, Again: true}}
			k := migration.Known{Schema: release.Schema{After: 1, Applied: []uint{1}}, Files: set, Now: &migration.State{Version: 1},
				Written: map[migration.Version][]string{}, Unread: map[migration.Version]error{}}
			if c.change != nil {
				c.change(&e, &k)
			}
			if k.Now != nil {
				k.Now.Journal = map[migration.Version]migration.Entry{1: e}
			}
			d := migration.Decide(k, new(release.Findings))
			if v := d.Verdicts[0]; v.Way != c.way || !strings.Contains(v.Reason, c.says) || d.Gone || d.Possible != (name == "all is proven") {
				t.Errorf("%+v", d)
			}
		})
	}
}
