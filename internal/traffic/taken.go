package traffic

import (
	"context"
	"strings"
	"time"
)

// Back is how the traffic of a shift was taken back.
type Back struct {
	At     time.Time `json:"at"` // of the decision
	Reason string    `json:"reason,omitempty"`
}

// reasonLimit is how much of a reason is written down, in bytes: a ledger may have no
// more than a few thousand for everything.
const reasonLimit = 300

// String says when, and why.
func (b Back) String() string {
	text := "rolled back at " + b.At.Format(time.RFC3339)
	if b.Reason != "" {
		text += ": " + b.Reason
	}
	return text
}

// writeBack writes down that a shift was taken back, for whoever looks later. The
// first decision stands: a rollback after it found nothing more to move. Nothing
// depends on it, so where it cannot be written, the way only says so.
func writeBack(ctx context.Context, ledger Ledger, w *Way) {
	err := call(ctx, restoreTime, "writing the ledger", func(ctx context.Context) error {
		return ledger.Update(ctx, func(p *Page) error {
			p.takenBack(w)
			return nil
		})
	})
	if err != nil {
		w.warn("the ledger does not say that the shift was rolled back: %v", err)
	}
}

func (p *Page) takenBack(w *Way) {
	if p.Shift == nil {
		return
	}
	note := *p.Shift
	switch {
	case note.Candidate == w.Good: // it was forced there once more
		note.Back = nil
	case note.Back == nil:
		reason := strings.Join(strings.Fields(w.Reason), " ")
		note.Back = &Back{w.Decided, strings.ToValidUTF8(reason[:min(len(reason), reasonLimit)], "")}
	}
	p.Shift = &note
}
