package review

import (
	"fmt"
	"slices"
)

// changes tells whether what a rehearsal has seen is more than an expansion. A lock is
// over when its file is done.
func (r Rule) changes() bool { return r.Seen && r.ID != "seen-lock" }

// taking are the rules, beside the removals, that say of a statement that it changes or
// takes away rows or values. That code may do anything says nothing of them.
var taking = []string{
	"change-all-rows", "change-many-rows", "delete-rows", "backfill-with-ddl", "truncate", "drop-cascade", "refresh-view",
	"set-expression", "alter-type-rewrite", "alter-type-unknown",
}

// takes tells whether the review has said that a statement changes or takes away more
// than a few rows or values, or a shape that holds them.
func (j Judged) takes() bool {
	return j.overwrites || slices.ContainsFunc(j.Findings, func(f Finding) bool {
		return f.Rule.removes() || slices.Contains(taking, f.Rule.ID)
	})
}

// rows finds rows that were changed, and of which the review has not said so of this
// table: a cascade or a trigger changes others.
func (w *weighing) rows(j *Judged, d Did) {
	for _, t := range d.Rows {
		if t.Changed > few && !(j.takes() && w.touches(j.Effect, t.On)) {
			w.changed[t.On] = true
			w.say(j, "it has changed %d rows of %v; the review had not said so", t.Changed, t.On)
			j.seen("seen-rows", fmt.Sprintf("%d rows of %v", t.Changed, t.On))
		}
	}
}

// touches tells whether an effect reaches rows of a table, or of what it is a part of.
func (w *weighing) touches(e Effect, n Name) bool {
	return w.within(n, func(n Name) bool { return e.has(Lock{n, RowExclusive}) })
}

// within tells whether something holds for a table, or for what it is a part of.
func (w *weighing) within(n Name, holds func(Name) bool) bool {
	return holds(n) || slices.ContainsFunc(w.parents[n], func(parent Name) bool { return parent != n && w.within(parent, holds) })
}

// scans finds tables that were read as a whole and of which the review has not said so.
// It harms the live version while the file keeps a table locked.
func (w *weighing) scans(j *Judged, d Did) {
	if slices.Contains(j.Ops, RefreshMatView) {
		return // which reads what the view is about, and was said to compute it again
	}
	said := slices.Concat(j.Effect.Scans, j.Effect.Rewrites, j.Effect.Builds, d.Effect.Rewrites)
	for _, t := range d.Rows {
		if t.Read <= few || w.within(t.On, func(n Name) bool { return slices.Contains(said, n) }) {
			continue
		}
		w.say(j, "it has read all of %v, %d rows; the review had not said so", t.On, t.Read)
		for _, n := range w.locked() {
			j.seen("seen-scan", fmt.Sprintf("%d rows of %v under %v on %v", t.Read, t.On, w.shown[n], n))
			break
		}
	}
}

// locked are the tables that the file has locked against writes so far.
func (w *weighing) locked() []Name {
	var all []Name
	for n, mode := range w.shown {
		if mode.Strong() {
			all = append(all, n)
		}
	}
	return compact(all)
}

// losses finds what a file has taken away and the review had not said. A statement by
// its keys may take away a few rows.
func (w *weighing) losses(f *Reviewed, s Shown) {
	for _, l := range s.Lost {
		if !l.Gone && l.Rows <= few || w.changed[l.On] || w.explained(f, s, l.On) || len(f.Statements) == 0 {
			continue
		}
		j := w.taker(f, s, l.On)
		w.say(j, "the file has lost %s; the review had not said so", l.Text)
		j.seen("seen-rows", "lost: "+l.Text)
	}
}

// explained tells whether the review has found what took rows of a table away. Of a file
// that was only watched it is not known which statement that was.
func (w *weighing) explained(f *Reviewed, s Shown, n Name) bool {
	for i, j := range f.Statements {
		did, _ := s.of(i)
		if j.takes() && (!s.Exact || w.touches(j.Effect, n) || w.touches(did.Effect, n)) {
			return true
		}
	}
	return false
}

// taker is the first statement that was seen to reach rows of a table, or that of the
// whole file.
func (w *weighing) taker(f *Reviewed, s Shown, n Name) *Judged {
	for i := range f.Statements {
		if did, _ := s.of(i); w.touches(did.Effect, n) {
			return &f.Statements[i]
		}
	}
	return &f.Statements[0]
}
