package migration

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Pending is what a run would do now.
type Pending struct {
	State  State
	Target Version     // that the database will have
	Files  []Migration // to apply, in order
	Dirty  string      // what an interrupted run has left, and that the next one settles it; "" when nothing
	Notes  []string    // what a person should know and nothing depends on
}

// Reader is a database that can be read.
type Reader interface {
	// State reads the version and the journal, and changes nothing. Without
	// golang-migrate's table the version is None.
	State(context.Context) (State, error)
}

// Look reads the folder and the database and says what a run would do. It changes
// nothing and waits for nobody. It refuses what the run would refuse.
func Look(ctx context.Context, s Settings, db Reader) (Pending, error) {
	files, err := Read(s.Folder)
	if err != nil {
		return Pending{}, err
	}
	state, err := db.State(ctx)
	if err != nil {
		return Pending{}, err
	}
	if !state.Dirty {
		return plan(files, state)
	}
	if state.explain(files) != "" {
		return Pending{State: state}, state.stuck(files, s.Table)
	}
	e := state.Journal[state.Version]
	p, err := plan(files, state.assumed(e))
	p.State, p.Dirty = state, fmt.Sprintf("release %s was interrupted in %s; the next run finds out whether it was applied, and goes on from there", e.Release, e.File)
	return p, err
}

// assumed is the state that the next run most likely finds after an interruption.
func (s State) assumed(e Entry) State {
	s.Dirty = false
	if !e.Applied {
		s.Version = e.Previous
	}
	return s
}

// plan compares the files with a database that is not dirty.
func plan(files Set, state State) (Pending, error) {
	p := Pending{State: state, Target: max(state.Version, files.Last()), Files: files.After(state.Version)}
	if err := errors.Join(late(files, state), strange(files, state)); err != nil {
		return p, err
	}
	p.Notes = append(notes(files, state), edited(files, state)...)
	return p, nil
}

// late refuses files that came when a later one had been applied: golang-migrate
// knows only the last number and would never run them.
func late(files Set, state State) error {
	var found []error
	last := state.latest()
	for _, m := range files.List {
		if _, known := state.Journal[m.Version]; !known && m.Version <= last {
			found = append(found, fmt.Errorf("%s: it came after version %v was applied, and golang-migrate would never run it: give it a number above %v",
				m.Up.Path, last, max(files.Last(), state.Version)))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return release.Refuse("give the late files new numbers; nothing was changed", "migrations came late: %w", errors.Join(found...))
}

// strange refuses a database whose version this commit does not have, unless
// everything that it has beyond this commit was applied by a recorded release.
func strange(files Set, state State) error {
	if _, known := files.Of(state.Version); known || state.Version == None {
		return nil
	}
	if state.Version < files.Last() {
		return release.Refuse("bring the missing file into this commit, such as by a rebase",
			"the database is at version %v, which the folder %s does not have, though it has later ones", state.Version, files.Folder)
	}
	for _, v := range ahead(files, state) {
		if state.Journal[v].Release == "" {
			return release.Refuse("release a commit that has this migration, or bring its file into this one",
				"the database is ahead of this commit: it is at version %v, the folder %s ends at %v, and version %v was not applied by a release",
				state.Version, files.Folder, files.Last(), v)
		}
	}
	return nil
}

// ahead lists what the database has beyond the files.
func ahead(files Set, state State) []Version {
	var list []Version
	for _, v := range sortedKeys(state.Journal) {
		if v > files.Last() && v <= state.Version && state.Journal[v].Applied {
			list = append(list, v)
		}
	}
	if state.Version > files.Last() && !state.Journal[state.Version].Applied {
		list = append(list, state.Version)
	}
	return list
}

func notes(files Set, state State) []string {
	var list []string
	if len(state.Journal) == 0 && state.Version != None {
		list = append(list, fmt.Sprintf("first run on this database: files up to version %v are taken as applied", state.Version))
	}
	for _, v := range ahead(files, state) {
		list = append(list, fmt.Sprintf("the database has version %v, applied by release %s, which this commit does not have: it is kept", v, state.Journal[v].Release))
	}
	for _, m := range files.After(state.Version) {
		if m.Up.Script.Nature == Loose {
			list = append(list, fmt.Sprintf("%s is not one transaction (%s): if it fails, a person has to look", m.Up.Name, m.Up.Script.Why))
		}
		if m.Down == nil || m.Down.Script.Empty() {
			list = append(list, m.Up.Name+": "+m.WayBack())
		}
	}
	return list
}

func edited(files Set, state State) []string {
	var list []string
	for _, m := range files.List {
		if e, ok := state.Journal[m.Version]; ok && e.Applied && e.SHA256 != "" && e.SHA256 != m.Up.SHA256 {
			list = append(list, m.Up.Name+" was edited after it had been applied: the change never runs")
		}
	}
	return list
}
