package migration_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestARestoredBackupIsShownByTheAttemptsThatFollow which rehearse on its schema alone,
// have nothing left to rehearse, or end before they have compared it again.
func TestARestoredBackupIsShownByTheAttemptsThatFollow(t *testing.T) {
	t.Parallel()
	s, dump, stage := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()"}), goodDumper(), &theatre{}
	s.Rehearsal = migration.Rehearsals{Image: "postgres:15", Data: migration.Backup, MaxSize: 1e9, Jobs: 1, Timeout: time.Hour}
	dump.rows = map[string]migration.Rows{"public.users": {Count: 3}}
	db := newDatabase(t, migration.None)
	fails := func(migration.Step, int) error { return errors.New("not this time") }
	for _, c := range []struct {
		attempt string
		try     func(migration.Step, int) error
		data    migration.Extent
		open    error
		status  release.Status
		says    string
	}{
		{"the first", fails, migration.Backup, nil, release.Passed, "restored in a scratch database: 1 tables have"},
		{"on the schema alone", fails, migration.Schema, nil, release.Passed, "by an earlier attempt: 1 tables had"},
		{"not restored", fails, migration.Backup, errors.New("no room"), release.NotShown, "this one ended before it was compared"},
		{"restored again", nil, migration.Backup, nil, release.Passed, "restored in a scratch database: 1 tables have"},
		{"with nothing to do", nil, migration.Backup, nil, release.Passed, "by an earlier attempt: 1 tables had"},
	} {
		seen := new(release.Findings)
		db.try, stage.fail, s.Rehearsal.Data = c.try, map[string]error{"open": c.open}, c.data
		r, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: dump, Stage: stage}, "shop-1", seen)
		if e := found(seen)["A.5.v2"]; e.Status != c.status || !strings.Contains(e.Observed, c.says) || r.Backup == nil || (err == nil) != (c.try == nil) {
			t.Errorf("%s: %+v, %v", c.attempt, e, err)
		}
	}
}
