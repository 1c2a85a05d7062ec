package migration

import (
	"errors"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrThere is the error of a file that makes a table which is there already.
var ErrThere = errors.New("the table is there already")

// Step is one migration, for one release.
type Step struct {
	Migration
	Files    Set
	Previous Version
	Release  release.ID
	Proof    *Proof      // of the rehearsal; nil without one
	Tell     func(Event) // how far the file is, and which sessions were terminated
	Ill      []string    // as Systems has it
	Breaks   []string    // the rules by which it is more than an expansion; nil when nobody has reviewed it
}

// step is what is known of a file when it is tried.
func (r *run) step(m Migration, previous Version) Step {
	s := Step{Migration: m, Files: r.files, Previous: previous, Release: r.id, Tell: r.tell, Ill: r.on.Ill}
	if i := slices.IndexFunc(r.proofs, func(p Proof) bool { return p.Of(m) }); i >= 0 {
		s.Proof = &r.proofs[i]
	}
	if r.on.Breaks != nil {
		s.Breaks = r.on.Breaks(m)
	}
	return s
}

// remedy is what to do about the error of a file. A first file that meets a table
// belongs to a schema which another tool has made.
func (s Step) remedy(err error, usual string) string {
	if s.Previous != None || !errors.Is(err, ErrThere) {
		return usual
	}
	return `where another tool has made this schema, say in golang-migrate's table how far it is: the README has the statements under "What is live already"; ` + usual
}
