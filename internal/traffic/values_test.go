package traffic_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestAShareFits(t *testing.T) {
	for _, c := range []struct {
		name  string
		share traffic.Share
		green release.Weight
		want  bool
	}{
		{"nothing fits nothing", traffic.Share{}, 0, false},
		{"none of 1000 is 0%", traffic.Share{Blue: 1000}, 0, true},
		{"one of 1000 is not 0%", traffic.Share{Blue: 999, Green: 1}, 0, false},
		{"all of 1000 are 100%", traffic.Share{Green: 1000}, 100, true},
		{"999 of 1000 are not 100%", traffic.Share{Blue: 1, Green: 999}, 100, false},
		{"100 of 1000 are 10%", traffic.Share{Blue: 900, Green: 100}, 10, true},
		{"128 of 1000 are 10%, just", traffic.Share{Blue: 872, Green: 128}, 10, true},
		{"129 of 1000 are not 10%", traffic.Share{Blue: 871, Green: 129}, 10, false},
		{"71 of 1000 are not 10%", traffic.Share{Blue: 929, Green: 71}, 10, false},
		{"none of 1000 is not 10%", traffic.Share{Blue: 1000}, 10, false},
		{"547 of 1000 are 50%, just", traffic.Share{Blue: 453, Green: 547}, 50, true},
		{"548 of 1000 are not 50%", traffic.Share{Blue: 452, Green: 548}, 50, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			equal(t, c.share.String(), c.share.Fits(release.Split(release.Green, c.green)), c.want)
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *traffic.Settings)
		want  string // in the error; empty for none
	}{
		{"the plan's are right", func(*traffic.Settings) {}, ""},
		{"one step may do", func(s *traffic.Settings) { s.Steps = []traffic.Step{{Weight: 100}} }, ""},
		{"no step", func(s *traffic.Settings) { s.Steps = nil }, "want at least one"},
		{"not up to 100", func(s *traffic.Settings) { s.Steps = s.Steps[:1] }, "the last weight is 10%: want 100"},
		{"a weight that falls", func(s *traffic.Settings) { s.Steps[1].Weight = 5 }, "steps[1]: weight 5% after 10%"},
		{"a weight of 0", func(s *traffic.Settings) { s.Steps[0].Weight = 0 }, "steps[0]: weight 0% after 0%"},
		{"a weight over 100", func(s *traffic.Settings) { s.Steps[2].Weight = 110 }, "steps[2]: weight 110%"},
		{"a bake below 0", func(s *traffic.Settings) { s.Steps[0].Bake = -time.Second }, "steps[0]: bake -1s"},
		{"no tick", func(s *traffic.Settings) { s.Tick = 0 }, "tick 0s"},
		{"no pause", func(s *traffic.Settings) { s.MaxPause = 0 }, "max-pause 0s"},
		{"a negative max-bake", func(s *traffic.Settings) { s.MaxBake = -1 }, "max-bake -1ns"},
		{"nothing to observe", func(s *traffic.Settings) { s.Observe = 0 }, "observe 0"},
		{"an approval before there is traffic", func(s *traffic.Settings) { s.Steps[0].Approval, s.ApprovalTimeout = "qa", 1 }, "steps[0]: approval"},
		{"an approval that may never come", func(s *traffic.Settings) { s.Steps[1].Approval = "qa" }, "approval-timeout 0s"},
		{"a hold at the end", func(s *traffic.Settings) { s.Steps[2].Hold = true }, "steps[2]: hold"},
		{"a slowdown that is none", func(s *traffic.Settings) { s.Validation.MaxSlowdown = 0.5 }, "max-slowdown 0.5"},
		{"more traffic than before", func(s *traffic.Settings) { s.Validation.MinThroughput = 2 }, "min-throughput 2"},
		{"an unknown end", func(s *traffic.Settings) { s.OnInterrupt = "stay" }, `on-interrupt "stay": want rollback or hold`},
		{"a low end that is not its own", func(s *traffic.Settings) { s.OnLowTraffic = traffic.GoBack }, "on-low-traffic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			c.spoil(&s)
			err := s.Check()
			if c.want == "" {
				equal(t, "error", err, nil)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestALogIsWrittenAndRead(t *testing.T) {
	bubbled(t, func(t *testing.T) {
		s := newScene(t)
		log, _ := s.interrupt(t, errors.New("cancelled"))
		text, err := json.Marshal(log)
		equal(t, "error", err, nil)
		says(t, "log", string(text), `"outcome":"rolled back"`)
		equal(t, "decided in", log.Back.Decided.Location(), time.UTC)
		var again traffic.Log
		equal(t, "error", json.Unmarshal(text, &again), nil)
		equal(t, "decided", again.Back.Decided.Equal(log.Back.Decided), true)
		equal(t, "steps", len(again.Steps), 1)
	})
}

func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(``))
	f.Add([]byte(`{"good":{"slot":"blue","release":"shop-1","images":{"web":"sha256:0"},"at":"2026-11-22T00:00:00Z"}}`))
	f.Add([]byte(`{"good":{"slot":"red"}}`))
	f.Add([]byte(`{"good":{}}`))
	f.Add([]byte(`{"claims":{"green":{"release":"shop-2","at":"2026-11-22T00:00:00Z"}}}`))
	f.Add([]byte(`{"claims":{"green":{}}}`))
	f.Add([]byte(`{"shift":{"release":"shop-2","candidate":"green","started":"2026-11-22T00:00:00Z"}} {}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := traffic.DecodePage(text)
		if err != nil {
			return
		}
		if p.Good != nil && p.Good.Slot != release.Blue && p.Good.Slot != release.Green {
			t.Fatalf("accepted the good slot %q", p.Good.Slot)
		}
		for slot := range p.Claims {
			if slot != release.Blue && slot != release.Green {
				t.Fatalf("accepted a claim on %q", slot)
			}
		}
		again, err := p.Encode()
		if err != nil {
			return // a time that JSON cannot say
		}
		if _, err := traffic.DecodePage(again); err != nil {
			t.Fatalf("refuses what it wrote: %v\n%s", err, again)
		}
	})
}

func TestHowLongAShiftLasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(*traffic.Settings)
		least, most time.Duration
	}{
		"the plan's":                        {func(*traffic.Settings) {}, 30 * time.Minute, time.Hour},
		"one with a bound for thin traffic": {func(s *traffic.Settings) { s.MaxBake = 12 * time.Minute }, 30 * time.Minute, 39 * time.Minute},
		"one that waits for a person": {func(s *traffic.Settings) { s.Steps[1].Approval, s.ApprovalTimeout = "half", 2*time.Hour },
			30 * time.Minute, 3 * time.Hour},
		"one that rests over night": {func(s *traffic.Settings) { s.Steps[1].Hold = true }, 15 * time.Minute, 30 * time.Minute},
	} {
		s := settings()
		c.change(&s)
		if least, most := s.Length(); least != c.least || most != c.most {
			t.Errorf("%s: %v to %v, want %v to %v", name, least, most, c.least, c.most)
		}
	}
}
