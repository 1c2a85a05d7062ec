package migration

import (
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Report is what a run did and found, also when it ended in an error.
type Report struct {
	Folder     string
	Server     string  // version of PostgreSQL
	Version    Version // of the schema, at the end
	Schema     release.Schema
	Nothing    string // why no file was applied; "" when one was
	Files      []Result
	Backup     *Manifest // nil when none was taken
	Reused     bool      // the backup is from an earlier attempt of this release
	NoBackup   string    // why none was taken
	BackupTook time.Duration
	Kept       []string // backups in the folder, the oldest first
	Removed    []string // backups beyond database.backup.keep
	Invalid    []string // indexes that are invalid since
	Notes      []string
	Waited     time.Duration // for another run
	Took       time.Duration
	Verified   bool // the database was read again and is as the files want it
}

// Result is one file that was applied.
type Result struct {
	Version Version
	File    string
	SHA256  string
	Nature  Nature
	WayBack string   // whether there is a file to go back with
	Objects []string // that the catalog has from it
	Tries   int
	Locks   int           // tries that met a lock
	Waited  time.Duration // until the last try began
	Took    time.Duration // from the first try on
}

// added lists what is in after and not in before.
func added(before, after []string) []string {
	var list []string
	for _, name := range after {
		if !slices.Contains(before, name) {
			list = append(list, name)
		}
	}
	return list
}
