package traffic

import (
	"context"
	"fmt"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// measurable asks the gates once before the first weight: a candidate that they
// would take back at once gets no traffic, and neither does one that they cannot
// measure at all. A source that does not answer is asked three times.
func (r *run) measurable(ctx context.Context, p plan) error {
	if p.from > 0 {
		return nil
	}
	var d gate.Decision
	for try := range 3 {
		if try > 0 && !sleep(ctx, r.Settings.Tick) {
			return fmt.Errorf("shift: %w", context.Cause(ctx))
		}
		d = r.ask(ctx, gate.Moment{Candidate: r.Candidate, Live: r.Candidate.Other(), StepStarted: now()})
		if !deaf(d) {
			break
		}
	}
	r.log.Readings = d.Readings
	r.showMeasured(d)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("shift: %w", context.Cause(ctx))
	case d.Verdict == gate.Rollback:
		return release.Refuse("repair the candidate; no traffic was moved", "shift: before the first weight: %s", because(d, gate.Rollback))
	case deaf(d):
		return release.CannotTell("make the source of the metrics answer; no traffic was moved", "shift: before the first weight: %s", because(d, gate.Inconclusive))
	}
	return nil
}

// deaf says that nothing was measured, since nothing was asked or the source
// did not answer.
func deaf(d gate.Decision) bool {
	if len(d.Readings) == 0 {
		return true
	}
	return slices.ContainsFunc(d.Readings, func(r gate.Reading) bool {
		return !r.DryRun && !r.Optional && (r.Code == gate.Failing || r.Code == gate.MetricsLost)
	})
}
