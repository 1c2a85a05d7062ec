package migration

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Outcome is what became of a file that was interrupted.
type Outcome int

// The outcomes.
const (
	Unclear   Outcome = iota // a person has to look
	Applied                  // all of it
	Untouched                // nothing of it, or only what is repaired
)

// Outcome says what became of the file at which the database is dirty. It asks
// look only about the change of a file that has not been edited since.
func (s State) Outcome(files Set, look func(Change) (Found, error)) (Outcome, error) {
	e, ours := s.Journal[s.Version]
	if !ours || e.Settled || s.explain(files) != "" {
		return Unclear, nil
	}
	if e.Nature == Atomic {
		return map[bool]Outcome{true: Applied, false: Untouched}[e.Applied], nil
	}
	m, _ := files.Of(e.Version)
	found, err := look(m.Up.Script.Change)
	return m.Up.Script.Change.outcome(found), err
}

// explain says why nobody but a person can tell what became of the file at which
// the database is dirty; "" when the next run settles it.
func (s State) explain(files Set) string {
	e, ours := s.Journal[s.Version]
	m, known := files.Of(s.Version)
	if _, going := s.Undoing(); going {
		return ""
	}
	switch {
	case !ours, e.Settled:
		return s.foreign(m, known)
	case e.Nature == Atomic, known && m.Up.SHA256 == e.SHA256 && m.Up.Script.Nature == Concurrent:
		return ""
	case e.Nature == Loose && known:
		return fmt.Sprintf("%s may have been applied in part, since it is not one transaction: %s", e.File, m.Up.Script.Why)
	}
	return e.File + " is gone or has changed since, so that what it did cannot be looked up"
}

// foreign explains a mark that no run of this tool has left.
func (s State) foreign(m Migration, known bool) string {
	switch {
	case !known:
		return "another tool has left the mark, and the folder has no file of that version"
	case m.Up.Script.Nature == Atomic:
		return fmt.Sprintf("another tool has left the mark; %s is one transaction, so all of it was applied or nothing, unless a down file was running", m.Up.Name)
	}
	return fmt.Sprintf("another tool has left the mark, and %s may have been applied in part", m.Up.Name)
}

// stuck is the refusal of a database that is dirty for a reason that only a
// person can judge.
func (s State) stuck(files Set, table string) error {
	what, why := "version "+s.Version.String(), s.explain(files)
	if m, ok := files.Of(s.Version); ok {
		what = m.Up.Path
	}
	if e, ok := s.Journal[s.Version]; ok && !e.Settled {
		what += fmt.Sprintf(", started by release %s at %s,", e.Release, e.At.UTC().Format(time.RFC3339))
	}
	if why == "" {
		why = "what it works on is gone, or something else has its name"
	}
	return release.Refuse(
		fmt.Sprintf("look which objects of the file exist and repair by hand what is half done; then run: %s force %v if the file is applied, force %d if it is not",
			cli(files.Folder, table), s.Version, int64(s.before(files))),
		"the database is dirty at version %v: %s did not end: %s", s.Version, what, why)
}

// cli is golang-migrate's command for this folder and table.
func cli(folder, table string) string {
	url := "$DATABASE_URL"
	if table != "schema_migrations" {
		url += "&x-migrations-table=" + table
	}
	return fmt.Sprintf("migrate -path %s -database %q", folder, url)
}

// before is the version that the database had before the one it is dirty at.
func (s State) before(files Set) Version {
	if e, ok := s.Journal[s.Version]; ok && !e.Settled {
		return e.Previous
	}
	last := None
	for _, m := range files.List {
		if m.Version < s.Version {
			last = m.Version
		}
	}
	return last
}

func sortedKeys[T any](m map[Version]T) []Version { return slices.Sorted(maps.Keys(m)) }
