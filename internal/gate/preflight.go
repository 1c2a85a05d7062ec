package gate

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Preflight measures every rule on the slot that is live, which has traffic and
// counters, and returns the readings that the metrics themselves are at fault
// for: a misspelt label, a histogram without the bound, a target that is not
// scraped. What is found here would stop the first step, but for optional rules,
// which are returned apart; a rule that compares is held against the live slot
// itself.
func Preflight(ctx context.Context, s Settings, source Source, pace Pace, live release.Slot) (faults, optional []Reading, err error) {
	w, err := New(s, source, pace, 1)
	if err != nil {
		return nil, nil, err
	}
	long := time.Now().Add(-longWindow)
	for _, r := range w.Evaluate(ctx, Moment{Candidate: live, Live: live, Weight: 100, StepStarted: long}).Readings {
		switch r.Code {
		case BadQuery, Stale, TargetDown, Failing:
			if r.counts() {
				faults = append(faults, r)
			} else {
				optional = append(optional, r)
			}
		}
	}
	return faults, optional, nil
}
