package audit

import (
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
)

// signs stand before an item, so that it can be read without its colour.
var signs = map[checklist.Standing]string{
	checklist.Passed: "✓", checklist.SignedOff: "✎", checklist.Failed: "✗",
	checklist.NotShown: "○", checklist.NotApplicable: "–", checklist.NotDue: "–",
}

// filter is one choice of what the list shows.
type filter struct {
	Standing checklist.Standing
	Count    int
}

// filters are the standings that some item has.
func filters(n checklist.Tally) []filter {
	var all []filter
	for _, s := range checklist.Standings {
		if n[s] > 0 {
			all = append(all, filter{s, n[s]})
		}
	}
	return all
}

// group is a part of the list.
type group struct {
	Title    string
	Sections []section
}

type section struct {
	Title  string
	Open   bool
	Counts []filter // without those that are 0
	Items  []item
}

// Has is the classes of a section: which standings it has.
func (s section) Has() string {
	var all []string
	for _, c := range s.Counts {
		all = append(all, "has-"+slug(c.Standing))
	}
	return strings.Join(all, " ")
}

type item struct {
	ID, Text, Seen, At, Sign string
	Standing                 checklist.Standing
}

// titles are those of the groups, in their order.
var titles = [...]string{"Failed", "Not shown", "Release checklist", "Sign-off", "Every other item of the plan"}

// groups puts what failed and what is not shown first, opened. Behind them are the
// plan's own checklist, the sign-offs and all else, folded.
func groups(d checklist.Document) []group {
	all := make([]group, len(titles))
	for _, l := range d.Checklist.Lines {
		standing := d.Standing(l)
		part := part(standing, l.Section)
		g := &all[part]
		if n := len(g.Sections); n == 0 || g.Sections[n-1].Title != l.Section {
			g.Title = titles[part]
			g.Sections = append(g.Sections, section{Title: l.Section, Open: part < 2})
		}
		s := &g.Sections[len(g.Sections)-1]
		s.Items = append(s.Items, newItem(d, l, standing))
	}
	for i := range all {
		for j := range all[i].Sections {
			all[i].Sections[j].count()
		}
	}
	return all
}

func part(standing checklist.Standing, section string) int {
	switch {
	case standing == checklist.Failed:
		return 0
	case standing == checklist.NotShown:
		return 1
	case strings.HasPrefix(section, "6."):
		return 2
	case strings.HasPrefix(section, "7."):
		return 3
	}
	return 4
}

func newItem(d checklist.Document, l checklist.Line, standing checklist.Standing) item {
	i := item{ID: l.ID, Text: l.Text, Seen: short(d.Checklist.Seen(l)), Sign: signs[standing], Standing: standing}
	if !l.At.IsZero() {
		i.At = l.At.UTC().Format(time.DateTime)
	}
	return i
}

func (s *section) count() {
	n := checklist.Tally{}
	for _, i := range s.Items {
		n[i.Standing]++
	}
	s.Counts = filters(n)
}
