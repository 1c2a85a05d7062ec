package checklist

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Line is an item and what is known about it.
type Line struct {
	Item
	Status   release.Status
	Observed string    // what was seen, or why nothing was
	At       time.Time // of the last observation; zero when there is none
}

// Checklist is the items in their order, filled in.
type Checklist struct{ Lines []Line }

// Fill fills in the items from evidence. Two observations of one item count as
// the worse of the two. An id that is none of the items' is refused.
func Fill(items []Item, evidence []release.Evidence) (Checklist, error) {
	var findings release.Findings
	findings.Merge(evidence)
	f := filler{items: map[string]Item{}, shown: map[string]release.Evidence{}, lines: map[string]Line{}}
	for _, item := range items {
		f.items[item.ID] = item
	}
	if unknown := f.take(findings.List()); len(unknown) > 0 {
		return Checklist{}, release.Reject("show evidence only for ids of the plan, such as A.1.1",
			"evidence for items that the plan does not have: %s", strings.Join(unknown, ", "))
	}
	list := Checklist{Lines: make([]Line, len(items))}
	for i, item := range items {
		list.Lines[i] = f.line(item)
	}
	return list, nil
}

// Line returns the line of one item.
func (c Checklist) Line(id string) (Line, bool) {
	i := slices.IndexFunc(c.Lines, func(l Line) bool { return l.ID == id })
	if i < 0 {
		return Line{}, false
	}
	return c.Lines[i], true
}

// Count returns how many items have each status.
func (c Checklist) Count() map[release.Status]int {
	n := map[release.Status]int{}
	for _, l := range c.Lines {
		n[l.Status]++
	}
	return n
}

type filler struct {
	items map[string]Item
	shown map[string]release.Evidence
	lines map[string]Line
}

func (f *filler) take(list []release.Evidence) (unknown []string) {
	for _, e := range list {
		if _, ok := f.items[e.ID]; !ok {
			unknown = append(unknown, fmt.Sprintf("%q", e.ID))
		}
		f.shown[e.ID] = e
	}
	return unknown
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
	f.lines[item.ID] = l
	return l
}

// own is what was shown of the item itself.
func (f *filler) own(item Item) Line {
	e, ok := f.shown[item.ID]
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

func missing(item Item) string {
	switch item.Kind {
	case Demo:
		return "shown by the demo and the tests of the tool, not in a release"
	case Later:
		return "due after the rollback window"
	case SignOff:
		return "nobody signed off as " + item.Role
	}
	return "no evidence; want: " + item.How
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
	if len(parts) > 0 {
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
	if !second.At.IsZero() && first.At.After(second.At) {
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
