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

// OnItsWay is the note of the shift that somebody may pause or resume, for the
// verb that is asked. It is refused where none is: not begun, finished, or with its
// traffic taken back, after which a shift begins anew.
func (p Page) OnItsWay(verb string) (Note, error) {
	switch n := p.Shift; {
	case n == nil || !n.Finished.IsZero():
		return Note{}, release.Refuse("look at bluegreen status", "%s: no shift is on its way", verb)
	case n.Back != nil:
		return Note{}, release.Refuse("run the release again once what was wrong is mended", "%s: no shift is on its way: that of release %s was %v", verb, n.Release, n.Back)
	}
	return *p.Shift, nil
}

func change(ctx context.Context, ledger Ledger, verb string, edit func(*Note) error) (note Note, err error) {
	err = ledger.Update(ctx, func(p *Page) error {
		note, err = p.OnItsWay(verb)
		if err == nil {
			err = edit(&note)
		}
		if err == nil {
			changed := note
			p.Shift = &changed
		}
		return err
	})
	return note, err
}

// heed looks whether somebody has paused the shift. A ledger that cannot be read
// changes nothing: what was asked before stands. The error is that another release
// has taken the slot over.
func (w *watch) heed(ctx context.Context) error {
	page, err := within(ctx, callTime, "reading the ledger", w.Balancer.Ledger.Read)
	if err != nil {
		return nil
	}
	if err := page.Claimed(w.Candidate, w.Owner.Release); err != nil {
		return err
	}
	if page.Shift == nil || page.Shift.Release != w.Owner.Release {
		return nil
	}
	switch asked := page.Shift.Paused; {
	case asked != nil && w.asked == nil:
		w.say(Warned, "%v; the weight stays at %v, the gates keep watching, and bluegreen resume goes on", asked, w.step.Weight)
	case asked == nil && w.asked != nil:
		w.say(Judged, "resumed at %v after %v", w.step.Weight, time.Since(w.asked.At).Round(time.Second))
	}
	w.asked = page.Shift.Paused
	return nil
}
