package traffic_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A metric that the application has not got fails no release.
func TestWhatTheGatesShowBeforeTheFirstStep(t *testing.T) {
	of := func(rule string, v gate.Verdict, c gate.Code) gate.Reading {
		return gate.Reading{Rule: rule, Verdict: v, Code: c, Reason: string(c)}
	}
	good := of("errors", gate.Pass, gate.OK)
	optional := of("memory", gate.Inconclusive, gate.BadQuery)
	optional.Optional = true
	tests := map[string]func(t *testing.T){}
	for name, c := range map[string]struct {
		verdict  gate.Verdict
		readings []gate.Reading
		status   release.Status
		says     string
	}{
		"all answered":        {gate.Pass, []gate.Reading{good, of("lag", gate.Pause, gate.Breach), optional}, release.Passed, "2 of 2 gates answered before the first step"},
		"two did not":         {gate.Inconclusive, []gate.Reading{good, of("workers", gate.Inconclusive, gate.BadQuery), of("pool", gate.Inconclusive, gate.Stale)}, release.NotShown, "1 of 3 gates answered before the first step; no answer: workers, pool"},
		"one answered so bad": {gate.Rollback, []gate.Reading{good, of("pool", gate.Inconclusive, gate.BadQuery), of("crashes", gate.Rollback, gate.Crash)}, release.Failed, "2 of 3 gates answered before the first step; bad: crashes"},
		"none had to":         {gate.Inconclusive, []gate.Reading{optional}, release.NotShown, "no gate had to answer before the first step: each is optional or a dry run"},
	} {
		tests[name] = func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight > 0 {
					return decide(gate.Pass, gate.OK)
				}
				return gate.Decision{Verdict: c.verdict, Readings: c.readings}
			}
			_, err := s.shift.Run(t.Context())
			equal(t, "refused", err != nil, c.verdict == gate.Rollback)
			for _, e := range s.found.List() {
				if e.ID == "B.5.m2" || e.ID == "6.3.3" {
					equal(t, e.ID, e.Status, c.status)
					equal(t, e.ID, e.Observed, c.says)
				}
			}
			equal(t, "B.5.m2", s.status("B.5.m2"), c.status)
		}
	}
	bubble(t, tests)
}
