package checklist

import (
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Line is an item and what is known about it.
type Line struct {
	Item
	Status   release.Status
	Observed string    // what was seen, or why nothing was
	At       time.Time // of the last observation; zero when there is none

	// NotApplicable is why the application has no such thing, in the words of its
	// configuration, or why this release has none, as an action knows. It is empty for
	// an item that applies, or that was observed.
	NotApplicable string
}

// Due reports whether a release has to show the item before it can be approved.
func (l Line) Due(rolledBack bool) bool { return l.NotApplicable == "" && l.Item.Due(rolledBack) }

// Checklist is the items in their order, filled in.
type Checklist struct{ Lines []Line }

// Fill fills in the items from evidence, and what nothing has shown from what
// people said. Two observations of one item count as the worse of the two. An id
// that is none of the items' ticks nothing.
func Fill(items []Item, evidence []release.Evidence, said Said) Checklist {
	var findings release.Findings
	findings.Merge(evidence)
	f := filler{items: map[string]Item{}, shown: map[string]release.Evidence{}, lines: map[string]Line{}, said: said}
	for _, item := range items {
		f.items[item.ID] = item
	}
	for _, e := range findings.List() {
		f.shown[e.ID] = e
	}
	list := Checklist{Lines: make([]Line, len(items))}
	for i, item := range items {
		list.Lines[i] = f.line(item)
	}
	return list
}

// Line returns the line of one item.
func (c Checklist) Line(id string) (Line, bool) {
	i := slices.IndexFunc(c.Lines, func(l Line) bool { return l.ID == id })
	if i < 0 {
		return Line{}, false
	}
	return c.Lines[i], true
}

type filler struct {
	items map[string]Item
	shown map[string]release.Evidence
	lines map[string]Line
	said  Said
}

func (f *filler) line(item Item) Line {
	if l, ok := f.lines[item.ID]; ok {
		return l
	}
	l := f.own(item)
	f.lines[item.ID] = l // stands while the references are followed, so that a circle ends
	if item.Kind == Refers {
		l = f.referring(item, l)
	}
	l = f.said.about(l)
	f.lines[item.ID] = l
	return l
}

// own is what was shown of the item itself.
func (f *filler) own(item Item) Line {
	e, ok := f.shown[item.ID]
	if e.Status == release.NotApplicable && !item.always() {
		return Line{Item: item, Status: release.NotShown, Observed: "in this release: " + e.Observed, At: e.At, NotApplicable: e.Observed}
	}
	if !ok || worse[e.Status] == 0 {
		return Line{Item: item, Status: release.NotShown, Observed: missing(item)}
	}
	l := Line{Item: item, Status: e.Status, Observed: e.Observed, At: e.At}
	switch {
	case item.Kind == SignOff && e.Status == release.Passed:
		l.Status, l.Observed = release.NotShown, "only a person can sign this off; observed: "+e.Observed
	case item.Kind != SignOff && e.Status == release.SignedOff:
		l.Status, l.Observed = release.NotShown, "a sign-off does not show it; want: "+item.How
	}
	return l
}

// missing says why nothing is known of an item, and what would tick it.
func missing(item Item) string {
	switch {
	case item.Kind == Demo:
		return "not due in a release: the demo and the tests of the tool show it"
	case item.Kind == Later:
		return "not due yet: the clean-up shows it after the rollback window"
	case item.Kind == SignOff:
		return "nobody signed off as " + item.Role
	case item.ofRollback():
		return "shown by a rollback: " + item.How
	case item.By == Checks:
		return "a check could show it: " + item.How
	case item.By == Rules:
		return "a rule could show it: " + item.How
	case item.By == People:
		return "a person could say so: " + item.How
	}
	return item.Owner + " has not shown it: " + item.How
}

// worse orders statuses for items that depend on several: the lowest counts.
var worse = map[release.Status]int{release.Failed: 1, release.NotShown: 2, release.Passed: 3, release.SignedOff: 4}

// referring is the worst of the items that it refers to and of what was shown
// of the item itself, where anything was.
func (f *filler) referring(item Item, own Line) Line {
	var parts []Line
	if _, ok := f.shown[item.ID]; ok {
		parts = append(parts, own)
	}
	for _, id := range item.Refers {
		parts = append(parts, f.line(f.items[id]))
	}
	l := Line{Item: item, Status: release.NotShown, Observed: missing(item)}
	if parts = slices.DeleteFunc(parts, Line.excused); len(parts) == 0 && !item.aside {
		l.NotApplicable = "nothing of what it sums up applies"
		l.Observed = l.NotApplicable
	} else if len(parts) > 0 {
		worst := slices.MinFunc(parts, func(a, b Line) int { return worse[a.Status] - worse[b.Status] })
		l.Status, l.Observed = worst.Status, describe(item, parts, worst)
	}
	for _, p := range parts {
		l.At = later(l.At, p.At)
	}
	return f.inOrder(l)
}

func describe(item Item, parts []Line, worst Line) string {
	if len(parts) == 1 && parts[0].ID == item.ID {
		return worst.Observed
	}
	text := fmt.Sprintf("%s: %s", worst.ID, worst.Observed)
	if n := len(parts); n > 1 {
		text = fmt.Sprintf("the worst of %d: %s", n, text)
	}
	return text
}

// before names items that count only when the first of two others was shown
// before the second: a backup that was taken after the migration is none.
var before = map[string][2]string{"6.1.19": {"A.5.v1", "B.2.v4"}}

func (f *filler) inOrder(l Line) Line {
	pair, ok := before[l.ID]
	if !ok {
		return l
	}
	first, second := f.shown[pair[0]], f.shown[pair[1]]
	happened := worse[second.Status] != 0 && second.Status != release.NotShown
	if happened && first.At.After(second.At) {
		l.Status = release.Failed
		l.Observed = fmt.Sprintf("%s was shown after %s", pair[0], pair[1])
	}
	return l
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
