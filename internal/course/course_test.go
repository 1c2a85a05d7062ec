package course_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var begin = time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return begin.Add(time.Duration(minutes) * time.Minute) }

var record = release.Record{ID: "acme-shop-7", Candidate: release.Green}

func step(weight release.Weight, minute int) traffic.Baking {
	return traffic.Baking{Step: traffic.Step{Weight: weight}, Set: at(minute)}
}

func attempt(outcome traffic.Outcome, weight release.Weight, began, ended int, steps ...traffic.Baking) traffic.Log {
	return traffic.Log{Release: record.ID, Candidate: release.Green, Outcome: outcome, Weight: weight, Started: at(began), Ended: at(ended), Steps: steps}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	returned := attempt(traffic.RolledBack, 0, 0, 9, step(10, 1))
	returned.Back = &traffic.Way{Decided: at(8), Write: time.Second}
	tests := map[string]struct {
		logs      []traffic.Log
		shifted   *release.Shifted
		want      []course.Point
		rollbacks int
	}{
		"all the way":               {[]traffic.Log{attempt(traffic.Shifted, 100, 0, 9, step(10, 1), step(100, 4))}, nil, []course.Point{{at(1), 10}, {at(4), 100}}, 0},
		"back by the shift":         {[]traffic.Log{returned}, &release.Shifted{RolledBack: true, At: at(9)}, []course.Point{{at(1), 10}, {at(8).Add(time.Second), 0}}, 1},
		"back by a job of its own":  {[]traffic.Log{attempt(traffic.Stranded, 50, 0, 9, step(50, 1))}, &release.Shifted{RolledBack: true, At: at(12)}, []course.Point{{at(1), 50}, {at(12), 0}}, 1},
		"held, and resumed":         {[]traffic.Log{attempt(traffic.Shifted, 100, 30, 40, step(100, 31)), attempt(traffic.HeldAt, 10, 0, 9, step(10, 1))}, nil, []course.Point{{at(1), 10}, {at(31), 100}}, 0},
		"refused before any weight": {[]traffic.Log{attempt(traffic.RefusedTo, 0, 0, 1)}, nil, nil, 0},
		"moved by somebody else":    {[]traffic.Log{attempt(traffic.Stopped, 0, 0, 9, step(10, 1))}, nil, []course.Point{{at(1), 10}, {at(9), 0}}, 0},
	}
	for name, tt := range tests {
		r := record
		r.Shifted = tt.shifted
		c, err := course.Of(r, tt.logs)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(tt.want, c.Weights); diff != "" || c.Rollbacks != tt.rollbacks {
			t.Errorf("%s: %d rollbacks %s", name, c.Rollbacks, diff)
		}
	}
}

func TestNoLogIsNoCourse(t *testing.T) {
	t.Parallel()
	if c, err := course.Of(record, nil); c != nil || err != nil {
		t.Error(c, err)
	}
	blue := attempt(traffic.Shifted, 100, 0, 9)
	blue.Candidate = release.Blue
	if c, err := course.Of(record, []traffic.Log{blue}); c != nil || err == nil {
		t.Error(c, err)
	}
}

func TestGatesOfAllAttempts(t *testing.T) {
	t.Parallel()
	account := func(worst gate.Verdict, turns ...traffic.Turn) []traffic.Account {
		return []traffic.Account{{Rule: "5xx", Looks: map[gate.Verdict]int{gate.Pass: 3, worst: 1}, Last: gate.Reading{Reason: "none"}, Worst: gate.Reading{Verdict: worst, Reason: worst.String()}, Turns: turns}}
	}
	first, second := attempt(traffic.HeldAt, 10, 0, 9, step(10, 1)), attempt(traffic.Shifted, 100, 30, 40, step(100, 31))
	first.Gates = account(gate.Pause, traffic.Turn{At: at(1), Verdict: gate.Pass}, traffic.Turn{At: at(5), Verdict: gate.Pause})
	second.Gates = account(gate.Warn, traffic.Turn{At: at(31), Verdict: gate.Warn})
	c, err := course.Of(record, []traffic.Log{first, second})
	if err != nil {
		t.Fatal(err)
	}
	want := course.Gate{
		Rule: "5xx", Worst: gate.Pause, Seen: "none; at worst pause", Looks: map[gate.Verdict]int{gate.Pass: 6, gate.Warn: 1, gate.Pause: 1},
		Spans: []course.Span{{at(1), at(5), gate.Pass}, {at(5), at(9), gate.Pause}, {at(31), at(40), gate.Warn}},
	}
	if diff := cmp.Diff([]course.Gate{want}, c.Gates); diff != "" || c.Gates[0].Said() != "6 pass, 1 warn, 1 pause" {
		t.Errorf("%q %s", c.Gates[0].Said(), diff)
	}
}

func TestFiguresAreFromBeforeTheFirstAttemptAndTheEndOfTheLast(t *testing.T) {
	t.Parallel()
	flow := func(p95 time.Duration) gate.Flow { return gate.Flow{Window: time.Minute, Requests: 600, P95: p95} }
	before, later := flow(10*time.Millisecond), flow(20*time.Millisecond)
	first, second := attempt(traffic.HeldAt, 10, 0, 9, step(10, 1)), attempt(traffic.Shifted, 100, 30, 40, step(100, 31))
	first.Before, second.Before = &before, &later
	second.Samples = []traffic.Sample{{Weight: 100, Flow: flow(30 * time.Millisecond)}, {Weight: 0, Flow: flow(time.Hour)}}
	c, err := course.Of(record, []traffic.Log{first, second})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.Figures, func(f course.Figure) bool { return f.Name == "p95" })
	if want := (course.Figure{Name: "p95", Before: "10.0 ms", After: "30.0 ms"}); c.Figures[i] != want {
		t.Errorf("got %+v", c.Figures[i])
	}
}

func TestWhatWasSeenAfterAllTheTraffic(t *testing.T) {
	t.Parallel()
	warned := func(minute int, text string) traffic.Event {
		return traffic.Event{At: at(minute), Kind: traffic.Warned, Text: text}
	}
	log := attempt(traffic.Shifted, 100, 0, 9, step(10, 1), step(100, 4))
	log.Events = []traffic.Event{warned(2, "slow"), warned(5, "alerts: Errors"), {At: at(6), Kind: traffic.Baked, Text: "1m"}, warned(7, "alerts: Errors")}
	again := attempt(traffic.Shifted, 100, 20, 30, step(100, 21))
	back := attempt(traffic.RolledBack, 0, 0, 9, step(100, 1))
	back.Events = log.Events
	for name, tt := range map[string]struct {
		logs []traffic.Log
		want []string
	}{
		"a warning of the last step, once":    {[]traffic.Log{log}, []string{"14:05:00 UTC: alerts: Errors"}},
		"nothing, which is known":             {[]traffic.Log{attempt(traffic.Shifted, 100, 0, 9, step(100, 1))}, []string{}},
		"one before the last step is resumed": {[]traffic.Log{log, again}, []string{"14:05:00 UTC: alerts: Errors"}},
		"a release that did not keep it":      {[]traffic.Log{back}, nil},
		"a release that has not come so far":  {[]traffic.Log{attempt(traffic.HeldAt, 10, 0, 9, step(10, 1))}, nil},
	} {
		c, err := course.Of(record, tt.logs)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, c.After()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
