package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Pending is what a run would do now.
type Pending struct {
	State  State
	Target Version     // that the database will have
	All    Set         // of the folder
	Files  []Migration // to apply, in order
	Fills  []Fill      // to carry to their end: of files that the database has, then of the pending ones
	Left   []Rest      // of backfills that have ended and are not swept; nil before Recount
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
	e := state.entry()
	p, err := plan(files, state.assumed(e))
	p.State, p.Dirty = state, fmt.Sprintf("release %s was interrupted in %s; the next run finds out whether it was applied, and goes on from there", e.Release, e.File)
	return p, err
}

// assumed is the state that the next run most likely finds after an interruption.
func (s State) assumed(e Entry) State {
	s.Dirty = false
	switch {
	case e.Undo == Undoing:
		s.Version = e.Version
	case e.Undo == Undone, !e.Applied:
		s.Version = e.Previous
	}
	return s
}

// plan compares the files with a database that is not dirty.
func plan(files Set, state State) (Pending, error) {
	p := Pending{State: state, Target: max(state.Version, files.Last()), All: files, Files: files.After(state.Version)}
	if err := errors.Join(late(files, state), taken(files, state), strange(files, state)); err != nil {
		return p, err
	}
	p.Fills = state.Unfilled(files)
	for _, m := range p.Files {
		p.Fills = append(p.Fills, m.Fills()...)
	}
	p.Notes = append(notes(files, state), edited(files, state)...)
	return p, nil
}

// needsBackup tells whether the run changes what no backup of its release is of: one
// that goes on with its own backfills has taken it before their files.
func (p Pending) needsBackup(id release.ID) bool {
	if len(p.Files) > 0 {
		return true
	}
	for _, f := range p.Fills {
		if p.State.Journal[f.Version].Release != id {
			return true
		}
	}
	return false
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

// taken refuses a file whose number another file had when it was applied, such as
// on the branch of a hotfix: it would never run.
func taken(files Set, state State) error {
	var found []error
	for _, m := range files.List {
		e := state.Journal[m.Version]
		if e.Applied && m.Version <= state.Version && e.File != "" && e.File != m.Up.Name && e.SHA256 != "" && e.SHA256 != m.Up.SHA256 {
			found = append(found, fmt.Errorf("%s: the database has version %v from %s, applied by release %s, so that this one would never run: give it a number above %v",
				m.Up.Path, m.Version, e.File, e.Release, max(files.Last(), state.Version)))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return release.Refuse("give these files new numbers; nothing was changed", "migrations have the numbers of others: %w", errors.Join(found...))
}

// strange refuses a database whose version this commit does not have, unless
// everything that it has beyond this commit was applied by a recorded release, and
// only expands, so that code which does not know of it can live with it. Files of the
// commit with higher numbers run behind that.
func strange(files Set, state State) error {
	if _, known := files.Of(state.Version); known || state.Version == None {
		return nil
	}
	for _, v := range ahead(files, state) {
		if why := state.Journal[v].strays(); why != "" {
			return release.Refuse("release a commit that has this migration, or bring its file into this one",
				"the database is ahead of this commit: it is at version %v, which the folder %s does not have, and version %v %s",
				state.Version, files.Folder, v, why)
		}
	}
	return nil
}

// strays says why code that does not know of the migration may not live with it, or
// "".
func (e Entry) strays() string {
	switch {
	case e.Release == "":
		return "was not applied by a release"
	case e.Breaks == nil:
		return fmt.Sprintf("was applied by release %s without a review that would say whether it only expands", e.Release)
	case len(e.Breaks) > 0:
		return fmt.Sprintf("was applied by release %s and does more than expand: %s", e.Release, strings.Join(e.Breaks, ", "))
	}
	return ""
}

// ahead lists what the database has beyond the files that it knows.
func ahead(files Set, state State) []Version {
	var list []Version
	known := None
	for _, m := range files.List {
		if m.Version <= state.Version {
			known = m.Version
		}
	}
	for _, v := range sortedKeys(state.Journal) {
		if v > known && v <= state.Version && state.Journal[v].Applied {
			list = append(list, v)
		}
	}
	if state.Version > known && !state.Journal[state.Version].Applied {
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
		list = append(list, fmt.Sprintf("the database has version %v, applied by release %s, which this commit does not have: it only expands, and is kept", v, state.Journal[v].Release))
	}
	return append(append(list, files.Notes(state.Version)...), removed(files, state)...)
}

// Notes are what a person should know of the files themselves: numbers that are
// missing, and of those behind a version which have no way back or are not one
// transaction.
func (s Set) Notes(after Version) []string {
	var list []string
	if s.Plain {
		list = append(list, s.Folder+" has plain names: its files only go up, and golang-migrate's own command would skip them")
	}
	list = append(list, gaps(s)...)
	for _, m := range s.After(after) {
		if m.Up.Script.Nature == Loose {
			list = append(list, fmt.Sprintf("%s is not one transaction (%s): if it fails, a person has to look", m.Up.Name, m.Up.Script.Why))
		}
		if !m.Plain && (m.Down == nil || m.Down.Script.Empty()) {
			list = append(list, m.Up.Name+": "+m.WayBack())
		}
	}
	return list
}

// gaps names numbers that are missing between files that are counted one by one.
// Files that are numbered by the time have no gaps.
func gaps(files Set) []string {
	var list []string
	for i := 1; i < len(files.List); i++ {
		before, after := files.List[i-1].Version, files.List[i].Version
		switch missing := after - before - 1; {
		case missing == 1:
			list = append(list, fmt.Sprintf("there is no version %v between %v and %v", before+1, before, after))
		case missing > 1 && missing < 100:
			list = append(list, fmt.Sprintf("there are no versions %v to %v between %v and %v", before+1, after-1, before, after))
		}
	}
	return list
}

// removed names what the database has from files that the folder has no more, before
// the last one that both have.
func removed(files Set, state State) []string {
	var list []string
	beyond := ahead(files, state)
	for _, v := range sortedKeys(state.Journal) {
		e := state.Journal[v]
		if _, there := files.Of(v); there || !e.Applied || e.File == "" || v > state.Version || slices.Contains(beyond, v) {
			continue
		}
		text := fmt.Sprintf("the database has version %v from %s, which %s has no more", v, e.File, files.Folder)
		if e.Release != "" {
			text += ", applied by release " + string(e.Release)
		}
		list = append(list, text)
	}
	return list
}

// unrun is what an edit of an applied file does not do.
func unrun(m Migration) string {
	if len(m.Fills()) > 0 {
		return "its statements never run again, and its backfills are read as they are now"
	}
	return "the change never runs"
}

func edited(files Set, state State) []string {
	var list []string
	for _, m := range files.List {
		if e, ok := state.Journal[m.Version]; ok && e.Applied && e.SHA256 != "" && e.SHA256 != m.Up.SHA256 {
			list = append(list, m.Up.Name+" was edited after it had been applied: "+unrun(m))
		}
	}
	return list
}
