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
	Fills      []FillResult // backfills that were worked on
	Backup     *Manifest    // nil when none was taken
	Reused     bool         // the backup is from an earlier attempt of this release
	NoBackup   string       // why none was taken
	External   *Snapshot    // in place of a backup, where that is made without this tool
	BackupTook time.Duration
	Kept       []Shelved  // backups in the folder, the oldest first
	Removed    []string   // backups beyond database.backup.keep and keep-for
	Stored     []Shelved  // backups in the vault, the oldest first
	Keeping    *Keeping   // how the vault keeps the backup; nil without one
	Rehearsal  *Rehearsal // nil when there was none
	Unplayed   string     // why there was none
	Terminated []string   // sessions that were in the way, by choice
	Invalid    []string   // indexes that are invalid since
	Notes      []string
	Waited     time.Duration // for another run
	Took       time.Duration
	Contract   Contracted
	Ill        []string // checks that the live version failed before an earlier attempt applied the first file; nil without one
	Verified   bool     // the database was read again and is as the files want it
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
