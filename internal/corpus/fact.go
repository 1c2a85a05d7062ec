package corpus

import (
	"cmp"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Kind is a kind of what a file does to a table that was there before.
type Kind string

// The kinds. A scan is a table that is read from its beginning to its end, for
// whatever reason.
const (
	Lock    Kind = "lock"
	Rewrite Kind = "rewrite"
	Build   Kind = "build"
	Scan    Kind = "scan"
)

// Kinds is all of them, in the order of the report.
var Kinds = []Kind{Lock, Rewrite, Build, Scan}

// Fact is one thing that a file does.
type Fact struct {
	Kind Kind
	On   review.Name
	Mode review.Mode // of a lock
}

// String is the fact in words.
func (f Fact) String() string {
	if f.Kind == Lock {
		return f.Mode.String() + " on " + f.On.String()
	}
	return string(f.Kind) + " of " + f.On.String()
}

// facts is a set, with the strongest lock of each table.
type facts map[Fact]bool

func (s facts) add(kind Kind, names ...review.Name) {
	for _, n := range names {
		s[Fact{Kind: kind, On: n}] = true
	}
}

func (s facts) lock(on review.Name, mode review.Mode) {
	if !mode.Strong() {
		return
	}
	for f := range s {
		if f.Kind == Lock && f.On == on {
			mode = max(mode, f.Mode)
			delete(s, f)
		}
	}
	s[Fact{Lock, on, mode}] = true
}

func (s facts) sorted() []Fact {
	return slices.SortedFunc(maps.Keys(s), func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.On.String(), b.On.String()), cmp.Compare(a.Mode, b.Mode))
	})
}

// without is what one set has and another has not.
func (s facts) without(other facts) []Fact {
	only := maps.Clone(s)
	maps.DeleteFunc(only, func(f Fact, _ bool) bool { return other[f] })
	return only.sorted()
}

// saidOf is what the review says of a file. A rewrite builds the indexes and reads
// the table as well, and a build reads it, so that neither is said apart.
func saidOf(file review.Reviewed) facts {
	said := facts{}
	for _, j := range file.Statements {
		for _, l := range j.Effect.Locks {
			said.lock(l.On, l.Mode)
		}
		said.add(Rewrite, j.Effect.Rewrites...)
		said.add(Build, j.Effect.Builds...)
		said.add(Scan, slices.Concat(j.Effect.Scans, j.Effect.Builds, j.Effect.Rewrites)...)
	}
	said.settle()
	return said
}

// before gives tables that were renamed the name that they had.
func (s facts) before(was map[review.Name]review.Name) facts {
	all := facts{}
	for f := range s {
		if name, renamed := was[f.On]; renamed {
			f.On = name
		}
		if f.Kind == Lock {
			all.lock(f.On, f.Mode)
		} else {
			all[f] = true
		}
	}
	return all
}

// renamed leads from each name that a file gives a table to the one that it had.
func renamed(list []review.Statement) map[review.Name]review.Name {
	was := map[review.Name]review.Name{}
	for _, st := range list {
		for _, a := range st.Acts {
			if a.Op != review.RenameTable && a.Op != review.SetSchema {
				continue
			}
			first, twice := was[a.On]
			if !twice {
				first = a.On
			}
			was[a.Moved()] = first
		}
	}
	return was
}

// settle leaves out the builds that are part of a rewrite.
func (s facts) settle() {
	maps.DeleteFunc(s, func(f Fact, _ bool) bool { return f.Kind == Build && s[Fact{Kind: Rewrite, On: f.On}] })
}
