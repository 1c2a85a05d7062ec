package migration_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

func TestTheBackupIsForeseen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(t.TempDir(), "not", "yet", "there")
	for name, c := range map[string]struct {
		directory string
		on        migration.Systems
		want      string           // text or error
		fills     []migration.Fill // pending
		fails     bool
	}{
		"a folder that is not there yet": {directory: deep, want: "backed up into " + deep},
		"no folder":                      {want: "database.backup.directory is missing", fails: true},
		"a file":                         {directory: file, want: "is not a folder", fails: true},
		"below a file":                   {directory: filepath.Join(file, "x"), want: "not a directory", fails: true},
		"a bucket":                       {directory: deep, on: migration.Systems{Vault: &vault{}}, want: "backed up into bucket shop-backups, which has 0 backups"},
		"a bucket out of reach":          {directory: deep, on: migration.Systems{Vault: &vault{list: errors.New("403 from the store")}}, want: "403 from the store", fails: true},
		"made elsewhere, and not needed": {on: migration.Systems{Keeper: keeper{err: errors.New("nobody asked")}}, want: "no backup is needed"},
		"made elsewhere":                 {on: migration.Systems{Keeper: keeper{found: migration.Snapshot{At: time.Now().Add(-time.Hour)}}}, fills: make([]migration.Fill, 1), want: "backed up by "},
		"made elsewhere, long ago":       {on: migration.Systems{Keeper: keeper{found: migration.Snapshot{At: time.Now().Add(-48 * time.Hour)}}}, fills: make([]migration.Fill, 1), want: "want at most 24h", fails: true},
	} {
		s := migration.Backups{Policy: migration.WhenPending, Directory: c.directory, S3: migration.Bucket{Name: "shop-backups"}, External: migration.External{MaxAge: 24 * time.Hour}}
		text, err := migration.BackupReady(t.Context(), s, c.on, migration.Pending{State: migration.State{System: "7"}, Fills: c.fills}, migration.Contract{})
		if err != nil {
			text = err.Error()
		}
		if (err != nil) != c.fails || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := os.Stat(filepath.Dir(deep)); err == nil {
		t.Error("a folder was made")
	}
}
