package migration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestABackupHasAPlaceOrAKeeper(t *testing.T) {
	t.Parallel()
	if err := (migration.Backups{}).Placed(nil); release.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "database.backup.directory is missing") || !strings.Contains(release.HintOf(err), "database.backup.external") {
		t.Errorf("%v", err)
	}
	if err := (migration.Backups{Directory: "/backups"}).Placed(nil); err != nil {
		t.Error(err)
	}
	if err := (migration.Backups{}).Placed(keeper{}); err != nil {
		t.Error(err)
	}
}

func TestWhatWouldBeBackedUpIsForeseen(t *testing.T) {
	t.Parallel()
	external := migration.Backups{Policy: migration.WhenPending, External: migration.External{MaxAge: 24 * time.Hour, PgBackRest: migration.PgBackRest{Stanza: "shop"}}}
	for want, c := range map[string]struct {
		of    migration.Backups
		files int
	}{
		"one is taken and verified first; 7 are kept":                                                       {migration.Backups{Policy: migration.WhenPending, Keep: 7}, 1},
		"one is taken and verified first; 3 are kept":                                                       {migration.Backups{Policy: migration.Always, Keep: 3}, 0},
		"none: nothing is to be applied":                                                                    {external, 0},
		"none is taken: the one that is made without this tool is looked for first, and may be 24h0m0s old": {external, 2},
	} {
		if got := c.of.Foresee(c.files); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
