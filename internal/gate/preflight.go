package gate

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Preflight measures every rule on the slot that is live, which has traffic and
// counters, and returns the readings that the metrics themselves are at fault
// for: a misspelt label, a histogram without the bound, a target that is not
// scraped. What is found here would stop the first step; a rule that compares
// is held against the live slot itself.
func Preflight(ctx context.Context, s Settings, source Source, pace Pace, live release.Slot) ([]Reading, error) {
	w, err := New(s, source, pace)
	if err != nil {
		return nil, err
	}
	long := time.Now().Add(-longWindow)
	var faults []Reading
	for _, r := range w.Evaluate(ctx, Moment{Candidate: live, Live: live, Weight: 100, StepStarted: long}).Readings {
		switch r.Code {
		case BadQuery, Stale, TargetDown, Failing:
			if r.counts() {
				faults = append(faults, r)
			}
		}
	}
	return faults, nil
}
