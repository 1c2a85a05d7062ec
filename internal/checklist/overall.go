package checklist

import (
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// overallID is the item that sums up all others.
const overallID = "7.2.st"

// lead is a row of the sign-off form.
type lead struct{ title, role, id string }

// leads are the four rows that the plan's form has.
var leads = [...]lead{
	{"QA Lead", "qa", "7.2.t1"},
	{"Development Lead", "development", "7.2.t2"},
	{"DevOps Lead", "devops", "7.2.t3"},
	{"Product Owner", "product", "7.2.t4"},
}

// Overall is the release's status. It is approved only when all four leads have
// signed off, the release was not rolled back, and no item has failed and none
// that was due is not shown.
type Overall struct {
	Approved bool     `json:"approved"`
	Unsigned []string `json:"unsigned"` // titles of the leads whose approval is missing
	Failed   []string `json:"failed"`   // ids
	NotShown []string `json:"notShown"` // ids, of those that were due
	Returned bool     `json:"rolledBack"`
}

func judge(c Checklist, form Form) Overall {
	o := Overall{Unsigned: []string{}, Failed: []string{}, NotShown: []string{}, Returned: form.rolledBack()}
	for _, lead := range leads {
		if l, _ := c.Line(lead.id); l.Status != release.SignedOff {
			o.Unsigned = append(o.Unsigned, lead.title)
		}
	}
	for _, l := range c.Lines {
		switch {
		case l.ID == overallID:
		case l.Status == release.Failed:
			o.Failed = append(o.Failed, l.ID)
		case l.Status != release.Passed && l.Status != release.SignedOff && l.due(o.Returned):
			o.NotShown = append(o.NotShown, l.ID)
		}
	}
	o.Approved = len(o.Unsigned)+len(o.Failed)+len(o.NotShown) == 0 && !o.Returned
	return o
}

// String is the status word of the form.
func (o Overall) String() string {
	if o.Approved {
		return "APPROVED"
	}
	return "REJECTED"
}

// Reasons says why the release is not approved, one sentence each.
func (o Overall) Reasons() []string {
	var all []string
	add := func(n int, format string, args ...any) {
		if n > 0 {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	if o.Returned {
		all = append(all, "the release was rolled back")
	}
	add(len(o.Unsigned), "without approval of the %s", strings.Join(o.Unsigned, ", the "))
	add(len(o.Failed), "%d items failed: %s", len(o.Failed), some(o.Failed))
	add(len(o.NotShown), "%d items were not shown: %s", len(o.NotShown), some(o.NotShown))
	return all
}

// some joins ids and cuts a long list, which is in the checklist anyway.
func some(ids []string) string {
	const most = 12
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ", "), len(ids)-most)
}
