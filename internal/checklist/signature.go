package checklist

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Signature is what stands in a lead's row of the form. Neither approved nor
// rejected is an empty row.
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
	at := a.At
	if at.IsZero() {
		at = l.At
	}
	s.Name, s.How, s.Date = a.By, "GitHub environment approval", at.UTC().Format(time.DateOnly)
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
		if !l.At.IsZero() && beside.At.After(l.At) {
			text += " (shown after the sign-off)"
		}
	}
	return text
}
