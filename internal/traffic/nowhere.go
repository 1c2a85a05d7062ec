package traffic

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var errUnwritten = errors.New("no good slot is written down for this release")

// Nowhere is the refusal of a rollback that has no slot to go to: why there is none,
// and what to do. A slot to force is named only where there may be something in it.
func (r Rollback) Nowhere(ctx context.Context, page Page, w release.Weights) error {
	const again = "release the last good version again"
	if s, claim, retiring := page.Retiring(); retiring {
		return release.Refuse(r.orForce(ctx, again, w, s), "rollback: %w: what was in the %s slot is being removed since %s, and the traffic is %v",
			errUnwritten, s, claim.At.Format(time.RFC3339), w)
	}
	if shift := page.Shift; shift != nil && !shift.Closed.IsZero() && w.Of(shift.Candidate) == 100 {
		hint := again
		if other := shift.Candidate.Other(); r.Healthy != nil && r.health(ctx, other) == nil { // put there by hand
			hint = again + orForce + string(other)
		}
		return release.Refuse(hint, "rollback: %w: the window of the way back from release %s is over since %s, and what was in the %s slot is removed",
			errUnwritten, shift.Release, shift.Closed.Format(time.RFC3339), shift.Candidate.Other())
	}
	return release.Refuse(r.orForce(ctx, "repair the version that is live", w, release.Slots[:]...), "rollback: %w, and the traffic is %v", errUnwritten, w)
}

const orForce = ", or name the slot to go to: force "

// orForce adds to a hint the slots that could be forced: they have not all the traffic
// already, and were not seen to be sick. One that cannot be asked may be healthy.
func (r Rollback) orForce(ctx context.Context, hint string, w release.Weights, slots ...release.Slot) string {
	var could []string
	for _, s := range slots {
		if w.Of(s) != 100 && !r.sick(ctx, s) {
			could = append(could, string(s))
		}
	}
	if len(could) == 0 {
		return hint
	}
	return hint + orForce + strings.Join(could, ", or force ")
}

func (r Rollback) sick(ctx context.Context, s release.Slot) bool {
	return r.Healthy != nil && sick(r.health(ctx, s))
}

// sick says whether a health check was answered, and with no.
func sick(err error) bool {
	said, ok := errors.AsType[*release.Problem](err)
	return ok && said.Kind == release.Refused
}
