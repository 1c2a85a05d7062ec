package checklist

import (
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// overallID is the item that sums up all others.
const overallID = "7.2.st"

// Lead is a row of the sign-off form.
type Lead struct{ Title, Role, ID string }

// Leads are the four rows that the plan's form has.
var Leads = [...]Lead{
	{"QA Lead", "qa", "7.2.t1"},
	{"Development Lead", "development", "7.2.t2"},
	{"DevOps Lead", "devops", "7.2.t3"},
	{"Product Owner", "product", "7.2.t4"},
}

// Overall is the release's status. It is rejected when an item has failed, which
// the rejection of a lead is as well, when the release was rolled back, or when
// another one has overtaken it. It is
// approved when all four leads have signed off and every item that was due was
// shown. A release of which something is still to be shown is neither: it is open.
type Overall struct {
	Approved bool     `json:"approved"`
	Rejected bool     `json:"rejected"`
	Unsigned []string `json:"unsigned"`          // titles of the leads whose approval is missing
	Unasked  bool     `json:"unasked,omitempty"` // nobody is asked for an approval
	Failed   []string `json:"failed"`            // ids
	NotShown []string `json:"notShown"`          // ids, of those that were due
	Returned bool     `json:"rolledBack"`

	Superseded release.ID `json:"superseded,omitempty"` // by this one, which went live in its place
}

func judge(c Checklist, form Form) Overall {
	o := Overall{Unsigned: []string{}, Failed: []string{}, NotShown: []string{}, Unasked: form.Unasked, Returned: form.rolledBack(), Superseded: form.Release.Superseded}
	for _, lead := range Leads {
		if l, _ := c.Line(lead.ID); l.Status != release.SignedOff {
			o.Unsigned = append(o.Unsigned, lead.Title)
		}
	}
	for _, l := range c.Lines {
		switch {
		case l.ID == overallID:
		case l.Status == release.Failed:
			o.Failed = append(o.Failed, l.ID)
		case l.Status != release.Passed && l.Status != release.SignedOff && l.Due(o.Returned):
			o.NotShown = append(o.NotShown, l.ID)
		}
	}
	o.Rejected = len(o.Failed) > 0 || o.Returned || o.Superseded != ""
	o.Approved = !o.Rejected && len(o.Unsigned)+len(o.NotShown) == 0
	return o
}

// String is the status word of the form, or OPEN where neither box is ticked.
func (o Overall) String() string {
	switch {
	case o.Approved:
		return "APPROVED"
	case o.Rejected:
		return "REJECTED"
	}
	return "OPEN"
}

// status is what the item about all others is.
func (o Overall) status() release.Status {
	switch {
	case o.Approved:
		return release.Passed
	case o.Rejected:
		return release.Failed
	}
	return release.NotShown
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
	if o.Superseded != "" {
		all = append(all, fmt.Sprintf("superseded by %s", o.Superseded.Named()))
	}
	if o.Unasked && len(o.Unsigned) == len(Leads) {
		all = append(all, "nobody is asked to sign off: sign-off.roles is empty")
	} else {
		add(len(o.Unsigned), "without approval of the %s", strings.Join(o.Unsigned, ", the "))
	}
	add(len(o.Failed), "%s failed: %s", number(len(o.Failed)), some(o.Failed))
	add(len(o.NotShown), "%s not shown yet: %s", number(len(o.NotShown)), some(o.NotShown))
	return all
}

func number(n int) string {
	if n == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", n)
}

// some joins ids and cuts a long list, which is in the checklist anyway.
func some(ids []string) string {
	const most = 12
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ", "), len(ids)-most)
}
