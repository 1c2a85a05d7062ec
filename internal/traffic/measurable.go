package traffic

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
		if d.Verdict == gate.Rollback || !deaf(d) {
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

// showMeasured shows whether the gates could be measured before the first step. A
// gate that did not answer has shown nothing, which fails nothing: its metric may
// come with the first request. One that answered so badly that there is no first
// step fails.
func (r *run) showMeasured(d gate.Decision) {
	all, silent, bad := 0, []string{}, []string{}
	for _, reading := range d.Readings {
		if reading.DryRun || reading.Optional {
			continue
		}
		all++
		switch {
		case reading.Verdict == gate.Rollback:
			bad = append(bad, reading.Rule)
		case unmeasured(reading.Code):
			silent = append(silent, reading.Rule)
		}
	}
	each([]string{"6.3.3", "B.5.m2"}, func(id string) {
		text := fmt.Sprintf("%d of %d gates answered before the first step", all-len(silent), all)
		switch {
		case len(bad) > 0:
			r.Found.Show(id, false, "%s; bad: %s", text, strings.Join(bad, ", "))
		case len(silent) > 0:
			r.Found.Miss(id, "%s; no answer: %s", text, strings.Join(silent, ", "))
		case all == 0:
			r.Found.Miss(id, "no gate had to answer before the first step: each is optional or a dry run")
		default:
			r.Found.Show(id, true, "%s", text)
		}
	})
}

func unmeasured(c gate.Code) bool {
	switch c {
	case gate.BadQuery, gate.Stale, gate.Failing, gate.MetricsLost, gate.TargetDown:
		return true
	}
	return false
}
