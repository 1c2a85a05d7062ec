package gate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheWorstVerdictWins(t *testing.T) {
	t.Parallel()
	order := []gate.Verdict{gate.Pass, gate.Warn, gate.Inconclusive, gate.Pause, gate.Rollback}
	for i, mild := range order {
		for _, worse := range order[i:] {
			if got := gate.Worst([]gate.Reading{{Verdict: worse}, {Verdict: mild}}); got != worse {
				t.Errorf("%v and %v: %v", mild, worse, got)
			}
		}
		if want := i < 2; mild.Advances() != want {
			t.Errorf("%v advances: %v", mild, !want)
		}
	}
	if got := gate.Worst(nil); got != gate.Inconclusive {
		t.Errorf("nothing measured: %v", got)
	}
	if got := gate.Worst([]gate.Reading{{DryRun: true}, {Optional: true, Verdict: gate.Inconclusive}}); got != gate.Inconclusive {
		t.Errorf("nothing that counts: %v", got)
	}
}

func TestAVerdictIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	want := gate.Decision{Verdict: gate.Pause, Readings: []gate.Reading{{Rule: "a", Verdict: gate.Rollback, Code: gate.Breach}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got gate.Decision
	if err := json.Unmarshal(text, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %v", err, cmp.Diff(want, got))
	}
	if err := new(gate.Verdict).UnmarshalText([]byte("passed")); err == nil || !strings.Contains(err.Error(), `"passed"`) {
		t.Errorf("passed: %v", err)
	}
}

func TestWhetherTrafficIsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	few := gate.Reading{Verdict: gate.Inconclusive, Code: gate.LowTraffic}
	for name, c := range map[string]struct {
		readings []gate.Reading
		want     bool
	}{
		"too few requests":               {[]gate.Reading{{}, few}, true},
		"a window that is not covered":   {[]gate.Reading{few, {Verdict: gate.Inconclusive, Code: gate.Partial}}, true},
		"too few, and a bad query":       {[]gate.Reading{few, {Verdict: gate.Inconclusive, Code: gate.BadQuery}}, false},
		"too few, and a breach":          {[]gate.Reading{few, {Verdict: gate.Pause, Code: gate.Breach}}, false},
		"too few, and an optional fault": {[]gate.Reading{few, {Verdict: gate.Inconclusive, Code: gate.BadQuery, Optional: true}}, true},
		"too few, and a dry run":         {[]gate.Reading{few, {Verdict: gate.Pause, Code: gate.Breach, DryRun: true}}, true},
		"nothing":                        {[]gate.Reading{{}}, false},
	} {
		if got := (gate.Decision{Readings: c.readings}).NeedsTraffic(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatReadingsShow(t *testing.T) {
	t.Parallel()
	reading := func(v gate.Verdict, code gate.Code) gate.Reading {
		return gate.Reading{Rule: "r", Verdict: v, Code: code, Evidence: []string{"C.2.1"}}
	}
	dry := reading(gate.Pass, gate.OK)
	dry.DryRun = true
	for name, c := range map[string]struct {
		reading gate.Reading
		want    release.Status
	}{
		"a pass holds":                      {reading(gate.Pass, gate.OK), release.Passed},
		"a warning holds":                   {reading(gate.Warn, gate.Breach), release.Passed},
		"a pause over a threshold does not": {reading(gate.Pause, gate.Breach), release.Failed},
		"a rollback does not":               {reading(gate.Rollback, gate.Breach), release.Failed},
		"a pause for a dead target is open": {reading(gate.Pause, gate.TargetDown), release.NotShown},
		"what could not be told is open":    {reading(gate.Inconclusive, gate.LowTraffic), release.NotShown},
		"a dry run is open":                 {dry, release.NotShown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found release.Findings
			gate.Decision{Readings: []gate.Reading{c.reading}}.Show(&found)
			if list := found.List(); len(list) != 1 || list[0].ID != "C.2.1" || list[0].Status != c.want {
				t.Errorf("%+v, want %v", list, c.want)
			}
		})
	}
}
