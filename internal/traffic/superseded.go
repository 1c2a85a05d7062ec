package traffic

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Superseded is why a release stops that another has overtaken: it would replace
// what it was never compared with.
type Superseded struct {
	Release release.ID
	By      release.ID
	Why     string // what the other one has, such as "claims the green slot"
}

func (s *Superseded) Error() string {
	return fmt.Sprintf("release %s is superseded: %s %s", s.Release, s.By.Named(), s.Why)
}

// Serving is the release that serves in a slot with all the traffic, as the shifts
// have written it down: the last one, where it went there, else the one that it was
// to go back to.
func (p Page) Serving(live release.Slot) release.ID {
	switch {
	case p.Shift != nil && p.Shift.Candidate == live:
		return p.Shift.Release
	case p.Good != nil && p.Good.Slot == live && p.Good.Release != "":
		return p.Good.Release
	}
	return release.Adopted
}

// Current refuses a release, as superseded, when another has gone live since its
// preflight: while it waited for a sign-off, or for its turn. One that was shifted
// meanwhile and taken back has superseded nothing, and one that is on its way in the
// same slot has to end first, either way: that is a refusal, too. A record without
// After is of a first release, or was not made by preflight: then only the traffic is
// looked at.
func Current(ctx context.Context, b Balancer, r release.Record) error {
	page, err := within(ctx, callTime, "reading the ledger", b.Ledger.Read)
	if err != nil {
		return release.CannotTell("repair the ledger; nothing was changed", "read who is live: %w", err)
	}
	weights, err := within(ctx, callTime, "reading the weights", b.Router.Weights)
	if err != nil && !errors.Is(err, ErrApart) { // as a shift of this release may have left them; another's has the claim
		return release.CannotTell("make the load balancer answer; nothing was changed", "read the weights: %w", err)
	}
	if page.Shift != nil && page.Shift.Release == r.ID {
		return nil // it has the way back that it wrote down itself
	}
	w := weights.Of(r.Candidate)
	if w > 0 && page.Shift != nil && page.Shift.Candidate == r.Candidate && page.Shift.Finished.IsZero() {
		return release.Refuse("wait for that release, or roll it back; then re-run the failed jobs",
			"release %s is on its way in the %s slot, and has %v of the traffic", page.Shift.Release, r.Candidate, w)
	}
	const hint = "run the workflow again, or re-run all of its jobs: preflight then decides by what is live now. What failed alone would be refused again"
	if w > 0 && page.Shift != nil {
		return release.Refuse(hint, "%w", &Superseded{r.ID, page.Serving(r.Candidate), fmt.Sprintf("has %v of the traffic, in the %s slot that this one was to go to", w, r.Candidate)})
	}
	if now := page.Serving(r.Good); r.Good != "" && r.After != "" && now != r.After {
		return release.Refuse(hint, "%w", &Superseded{r.ID, now, fmt.Sprintf("has gone live in the %s slot since the preflight, which saw %s there", r.Good, r.After.Named())})
	}
	return nil
}
