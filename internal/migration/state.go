package migration

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Journal is the table that runs keep beside golang-migrate's, in the same
// schema. golang-migrate knows one number and a dirty mark, from which nobody can
// tell what a killed run had reached or which files were ever applied.
const Journal = "bluegreen_migrations"

// State is what a database says about its schema.
type State struct {
	Version  Version
	Dirty    bool // golang-migrate started a file and did not write that it ended
	Journal  map[Version]Entry
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

// of is what one release did: the record's view of the schema.
func (s State) of(id release.ID) release.Schema {
	before, applied := s.Version, []uint{}
	for _, v := range sortedKeys(s.Journal) {
		e := s.Journal[v]
		if e.Applied && e.Release == id && v <= s.Version {
			before = min(before, e.Previous)
			applied = append(applied, v.recorded())
		}
	}
	return release.Schema{Before: before.recorded(), After: s.Version.recorded(), Applied: applied}
}
