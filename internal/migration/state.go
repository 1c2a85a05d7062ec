package migration

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Journal is the table that runs keep beside golang-migrate's, in the same
// schema. golang-migrate knows one number and a dirty mark, from which nobody can
// tell what a killed run had reached or which files were ever applied.
const Journal = "bluegreen_migrations"

// Holds is the table, in the same schema, of the files that each release was migrated
// with and did not run: contract files, and those whose backfills an earlier release
// has run and nobody has swept.
const Holds = "bluegreen_held"

// State is what a database says about its schema.
type State struct {
	Version  Version
	Dirty    bool // golang-migrate started a file and did not write that it ended
	Journal  map[Version]Entry
	Differs  []Entry // taken back, and the schema is not the one before them since
	Filled   map[FillID]Filled
	Holds    []Hold
	Database string
	System   string   // PostgreSQL's identifier of the cluster, which a copy of its files shares
	Server   string   // version of PostgreSQL, such as 15.4
	Invalid  []string // indexes that PostgreSQL does not use, such as a broken concurrent build leaves
}

// Entry is what the journal says about one version.
//
// It is written in three steps: before golang-migrate starts the file; in the
// transaction of the file itself, when the file is one; and after golang-migrate's
// own mark. So for an atomic file Applied is true if and only if it was applied.
type Entry struct {
	Version  Version
	Previous Version // that the database had before
	File     string
	SHA256   string
	Release  release.ID // "" when another tool had applied it
	Nature   Nature
	Applied  bool
	Settled  bool
	At       time.Time // it was applied, or else started

	Proof       *Proof   // of its rehearsal; nil without one
	Breaks      []string // the rules by which it was more than an expansion; nil when nobody has reviewed it
	Made        []string // what the catalog had from it; nil when that is not known
	Fingerprint string   // of the schema before it, where database.down is proven; "" also when this version of the tool makes others
	Undo        Undo
	Ill         []string // the checks that the live version failed before the run; nil when it was not asked
}

// Undo is how far a down file has come.
type Undo string

// What is known of a down file. Undone is written in the transaction of the file
// itself, and stays until the schema is compared with the one before the migration.
const (
	Undoing Undo = "undoing"
	Undone  Undo = "undone"
	Differs Undo = "differs"
)

// entry is what the journal says about the file at which the database is dirty:
// the one of its version, or that behind which a down file was leading back to it.
func (s State) entry() Entry {
	if e, going := s.Undoing(); going {
		return e
	}
	return s.Journal[s.Version]
}

// Undoing is the migration whose down file was interrupted. golang-migrate marks the
// version to which the file leads.
func (s State) Undoing() (Entry, bool) {
	for _, e := range s.Journal {
		if s.Dirty && e.Undo != "" && e.Version > s.Version && e.Previous == s.Version {
			return e, true
		}
	}
	return Entry{}, false
}

// latest is the highest version that the journal has as applied. What is beyond
// the database's own version was taken back by another tool.
func (s State) latest() Version {
	last := None
	for v, e := range s.Journal {
		if e.Applied && v <= s.Version {
			last = max(last, v)
		}
	}
	return last
}

// changedSince tells whether a file was applied after t, by the server's clock.
func (s State) changedSince(t time.Time) bool {
	for _, e := range s.Journal {
		if e.Applied && e.At.After(t) {
			return true
		}
	}
	return false
}

// Adopted tells whether another tool has applied a version.
func (s State) Adopted(v Version) bool { return v <= s.Version && s.Journal[v].Release == "" }

// ill lists the checks that the live version failed before a release had applied its
// first file, in whichever attempt; nil when it has applied none, or nobody had asked.
func (s State) ill(id release.ID) []string {
	for _, v := range s.of(id).Applied {
		return s.Journal[Version(v)].Ill
	}
	return nil
}

// of is what one release did: the record's view of the schema.
func (s State) of(id release.ID) release.Schema {
	before, applied := s.Version, []uint{}
	for _, v := range sortedKeys(s.Journal) {
		e := s.Journal[v]
		if e.Applied && e.Release == id && id != "" && v <= s.Version {
			before = min(before, e.Previous)
			applied = append(applied, v.recorded())
		}
	}
	return release.Schema{Before: before.recorded(), After: s.Version.recorded(), Applied: applied}
}

// by names the files that one release has applied, in order.
func (s State) by(id release.ID) (files []string) {
	for _, v := range s.of(id).Applied {
		files = append(files, s.Journal[Version(v)].File)
	}
	return files
}
