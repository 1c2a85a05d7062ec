package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Pause is what a person has asked of a shift that is on its way: to keep its
// weight until somebody resumes it. The gates keep watching meanwhile, and a
// rollback is as it always is. It does not count towards max-pause.
type Pause struct {
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// String says who has paused, when and why.
func (p Pause) String() string {
	text := fmt.Sprintf("%s has paused it at %s", p.By, p.At.Format(time.RFC3339))
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// PauseShift asks the shift that is on its way to pause, and returns its note. It
// is refused where none is.
func PauseShift(ctx context.Context, ledger Ledger, by, reason string) (Note, error) {
	return change(ctx, ledger, "pause", func(n *Note) error {
		if n.Paused == nil {
			n.Paused = &Pause{By: by, Reason: reason, At: now()}
		}
		return nil
	})
}

// ResumeShift lets a paused shift go on, and returns its note. It is refused where
// none is paused.
func ResumeShift(ctx context.Context, ledger Ledger) (Note, error) {
	return change(ctx, ledger, "resume", func(n *Note) error {
		if n.Paused == nil {
			return release.Refuse("look at bluegreen status", "resume: the shift of release %s is not paused", n.Release)
		}
		n.Paused = nil
		return nil
	})
}

func change(ctx context.Context, ledger Ledger, verb string, edit func(*Note) error) (note Note, err error) {
	err = ledger.Update(ctx, func(p *Page) error {
		if p.Shift == nil || !p.Shift.Finished.IsZero() {
			return release.Refuse("look at bluegreen status", "%s: no shift is on its way", verb)
		}
		changed := *p.Shift
		if err := edit(&changed); err != nil {
			return err
		}
		p.Shift, note = &changed, changed
		return nil
	})
	return note, err
}

// heed looks whether somebody has paused the shift. A ledger that cannot be read
// changes nothing: what was asked before stands.
func (w *watch) heed(ctx context.Context) {
	page, err := within(ctx, callTime, "reading the ledger", w.Balancer.Ledger.Read)
	if err != nil || page.Shift == nil || page.Shift.Release != w.Owner.Release {
		return
	}
	switch asked := page.Shift.Paused; {
	case asked != nil && w.asked == nil:
		w.say(Warned, "%v; the weight stays at %v, the gates keep watching, and bluegreen resume goes on", asked, w.step.Weight)
	case asked == nil && w.asked != nil:
		w.say(Judged, "resumed at %v after %v", w.step.Weight, time.Since(w.asked.At).Round(time.Second))
	}
	w.asked = page.Shift.Paused
}
