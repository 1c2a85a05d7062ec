package migration_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A release that migrates nothing owes no evidence of migrations, and one that did in
// an earlier attempt does.
func TestAReleaseWithoutMigrations(t *testing.T) {
	t.Parallel()
	const exempt, shown, missing = release.NotApplicable, release.Passed, release.NotShown
	for name, c := range map[string]struct {
		files   map[string]string
		before  release.ID // that has applied them; none when empty
		change  func(*migration.Settings, *database)
		failing bool
		want    map[string]release.Status
	}{
		"another release has applied all": {two, "shop-1", nil, false, map[string]release.Status{
			"B.2.v4": exempt, "B.2.v1": exempt, "B.2.v3": exempt, "A.5.s1": exempt, "A.5.v2": exempt, "A.5.v4": exempt, "3.5.t1": exempt,
			"B.2.s2": shown, "B.2.s3": shown, "B.2.v5": shown, "B.2.v6": shown, "3.5.s1": shown, "3.5.t2": shown, "A.5.v5": missing, "B.2.r4": missing,
		}},
		"this one has, in an earlier attempt": {two, "shop-2", nil, false, map[string]release.Status{"B.2.v4": missing, "B.2.v1": missing, "A.5.s1": shown, "A.5.s3": missing}},
		"there is no file": {nil, "", nil, false, map[string]release.Status{
			"B.2.s2": exempt, "B.2.s3": exempt, "B.2.v5": exempt, "3.5.s1": exempt, "3.5.t2": exempt, "A.5.v1": exempt,
		}},
		"a backup is taken all the same": {two, "shop-1", func(s *migration.Settings, _ *database) { s.Backup.Policy = migration.Always }, false, map[string]release.Status{
			"A.5.s1": shown, "A.5.s3": missing, "A.5.v2": missing, "B.2.v4": exempt,
		}},
		"the run fails": {two, "shop-1", func(_ *migration.Settings, db *database) { db.state.Dirty = true }, true, map[string]release.Status{"B.2.v4": missing, "A.5.s1": missing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, dump, s := newDatabase(t, migration.None), goodDumper(), settings(t, c.files)
			on := migration.Systems{Database: db, Dumper: dump}
			if c.before != "" {
				if _, err := migration.Run(t.Context(), s, on, c.before, new(release.Findings)); err != nil {
					t.Fatal(err)
				}
				dump.schema = 2
			}
			if c.change != nil {
				c.change(&s, db)
			}
			var seen release.Findings
			if _, err := migration.Run(t.Context(), s, on, "shop-2", &seen); (err != nil) != c.failing {
				t.Fatal(err)
			}
			ids := found(&seen)
			for id, want := range c.want {
				if ids[id].Status != want || ids[id].Observed == "" {
					t.Errorf("%s: %+v, want %s", id, ids[id], want)
				}
			}
		})
	}
}
