package checklist

import (
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Standing is how an item stands in the record of one release. Of what was not
// shown it tells apart what is missing and what no release of this kind shows.
type Standing string

// The standings, in the order in which somebody wants to read them.
const (
	Failed        Standing = "failed"
	NotShown      Standing = "not shown"
	SignedOff     Standing = "signed off"
	Passed        Standing = "passed"
	NotApplicable Standing = "not applicable"
	NotDue        Standing = "not due"
)

// Standings are all of them, in that order.
var Standings = [...]Standing{Failed, NotShown, SignedOff, Passed, NotApplicable, NotDue}

// Standing of a line of the document.
func (d Document) Standing(l Line) Standing {
	switch {
	case l.Status != release.NotShown:
		return Standing(l.Status)
	case l.NotApplicable != "":
		return NotApplicable
	case l.ID != overallID && !l.Due(d.Overall.Returned):
		return NotDue
	}
	return NotShown
}

// Tally is how many items have each standing.
type Tally map[Standing]int

// Tally counts the items, but the one about all others.
func (d Document) Tally() Tally {
	n := Tally{}
	for _, l := range d.Checklist.Lines {
		if l.ID != overallID {
			n[d.Standing(l)]++
		}
	}
	return n
}

// Ticked is how many items were shown or signed off.
func (t Tally) Ticked() int { return t[Passed] + t[SignedOff] }

// Due is how many items have to be ticked, or are.
func (t Tally) Due() int { return t.Ticked() + t[Failed] + t[NotShown] }

// String counts in one sentence, such as "190 passed, 29 signed off, 0 failed, 81
// not shown; 17 not applicable, 200 not due".
func (t Tally) String() string {
	return fmt.Sprintf("%d passed, %d signed off, %d failed, %d not shown; %d not applicable, %d not due in this release",
		t[Passed], t[SignedOff], t[Failed], t[NotShown], t[NotApplicable], t[NotDue])
}
