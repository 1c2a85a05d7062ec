package checklist

import (
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Signature is what stands in a lead's row of the form. Neither approved nor
// rejected is an empty row. The date has the time of day, in UTC; it is empty where
// nobody knows it.
type Signature struct {
	Name, How, Date    string
	Approved, Rejected bool
}

// Signature fills in a lead's row. What counts is the evidence, made by the
// sign-off job; the approval only says who it was.
func (d Document) Signature(lead Lead) Signature {
	l, _ := d.Checklist.Line(lead.ID)
	s := Signature{Approved: l.Status == release.SignedOff, Rejected: l.Status == release.Failed}
	a, ok := d.Form.Of(lead.Role)
	if !ok || l.Status == release.NotShown {
		return s
	}
	s.Name, s.How = a.By, "GitHub environment approval"
	if !a.At.IsZero() {
		s.Date = a.At.UTC().Format("2006-01-02 15:04 UTC")
	}
	return s
}

// Seen is what was observed, and for a sign-off what was shown beside it and
// whether that was known when the person signed.
func (c Checklist) Seen(l Line) string {
	if l.Kind != SignOff {
		return l.Observed
	}
	text := l.Observed
	for _, id := range l.Refers {
		beside, _ := c.Line(id)
		text += fmt.Sprintf("; beside it %s: %s", id, beside.Status)
		if beside.Status != release.NotShown && !l.At.IsZero() && beside.At.After(l.At) {
			text += " (shown after the sign-off)"
		}
	}
	return text
}
