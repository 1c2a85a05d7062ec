package shift

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var update = flag.Bool("update", false, "write the golden file")

var begin = time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time {
	return begin.Add(time.Duration(minutes * float64(time.Minute)))
}

// bad is a shift that went to 50 % and came back.
func bad() *traffic.Log {
	log := &traffic.Log{
		Release: "shop-7", Candidate: release.Green, Good: release.Blue, Outcome: traffic.RolledBack,
		Reason: "error-rate-high: 12 of 400 requests failed (3%) over 2m0s: rollback above 1%", Started: at(-1), Ended: at(10),
		Steps: []traffic.Baking{
			{Step: traffic.Step{Weight: 10, Bake: 5 * time.Minute}, Set: at(0), Share: traffic.Share{Blue: 897, Green: 103}, Good: 5 * time.Minute, Worst: gate.Warn, Done: true},
			{Step: traffic.Step{Weight: 50, Bake: 10 * time.Minute}, Set: at(5), Share: traffic.Share{Blue: 503, Green: 497}, Good: 3 * time.Minute, Paused: 2 * time.Minute, Worst: gate.Rollback},
		},
		Back:   &traffic.Way{Good: release.Blue, Decided: at(10), Write: 3 * time.Millisecond, Effect: 9 * time.Millisecond, Proof: 400 * time.Millisecond, Share: traffic.Share{Blue: 1000}},
		Events: []traffic.Event{{At: at(0), Kind: traffic.Entered, Text: "step 1 of 3: 10% for 5m0s"}, {At: at(10), Kind: traffic.Decided, Text: "back to the blue slot"}},
		Gates: []traffic.Account{{
			Rule: "error-rate-high", Looks: map[gate.Verdict]int{gate.Pass: 90, gate.Pause: 24, gate.Rollback: 1},
			Last:  gate.Reading{Verdict: gate.Rollback, Reason: "12 of 400 requests failed (3%) over 2m0s: rollback above 1%", Samples: 400},
			Worst: gate.Reading{Verdict: gate.Rollback, Reason: "12 of 400 requests failed (3%) over 2m0s: rollback above 1%"},
			Turns: []traffic.Turn{{At: at(0), Verdict: gate.Pass}, {At: at(8), Verdict: gate.Pause}, {At: at(10), Verdict: gate.Rollback}},
		}, {
			Rule: "smoke ready | x", Looks: map[gate.Verdict]int{gate.Pass: 115},
			Last:  gate.Reading{Reason: "passed", Samples: 1},
			Turns: []traffic.Turn{{At: at(0), Verdict: gate.Pass}},
		}},
		Validation: []traffic.Proof{{What: "no slower than before", Status: release.NotShown, Saw: "nothing was measured before the first step"}},
	}
	for i := range 60 {
		s := traffic.Sample{At: at(float64(i) / 6), Weight: 10, Served: float64(100 * i), Flow: gate.Flow{Window: time.Minute, Requests: 600, Failed: float64(i / 10), P95: time.Duration(20+i) * time.Millisecond}}
		if i >= 30 {
			s.Weight = 50
		}
		log.Samples = append(log.Samples, s)
	}
	return log
}

func page(log *traffic.Log) string {
	job := &action.Job{Page: new(summary.Page)}
	assembly{limits: map[string]string{"error-rate-high": "rollback above 1%"}}.report(job, log)
	return job.Page.Markdown()
}

func TestTheGoldenReport(t *testing.T) {
	t.Parallel()
	got, path := page(bad()), "testdata/report.md"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
		t.Errorf("%v; run the test with -update and read the change: %s", err, diff)
	}
}

func TestALongReportStaysSmall(t *testing.T) {
	t.Parallel()
	log := bad()
	for i := range 1000 {
		log.Events = append(log.Events, traffic.Event{At: at(float64(i)), Text: strings.Repeat("reason ", 60)})
	}
	for i := range 50 {
		log.Gates = append(log.Gates, log.Gates[0])
		for j := range 200 {
			log.Gates[2+i].Turns = append(log.Gates[2+i].Turns[:j], traffic.Turn{At: at(float64(j) / 20), Verdict: gate.Verdict(j % 5)})
		}
	}
	got := page(log)
	if len(got) > 900_000 {
		t.Errorf("%d bytes of 1 MiB", len(got))
	}
	if !strings.Contains(got, "<details><summary>Timeline: 1002 events") {
		t.Error("the timeline is not folded")
	}
}

func TestAShiftThatMovedNothingHasNoChart(t *testing.T) {
	t.Parallel()
	got := page(&traffic.Log{Candidate: release.Green, Outcome: traffic.RefusedTo, Reason: "no"})
	if want := "## ❌ shift: refused, green has 0% of the traffic\n\nno\n\n"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestAShiftThatIsOverSaysWhoIsAskedForNothing(t *testing.T) {
	t.Parallel()
	steps := []traffic.Step{{Weight: 10}, {Weight: 50, Approval: "half"}, {Weight: 75, Approval: "most"}, {Weight: 100, Approval: "half"}}
	for name, c := range map[string]struct {
		weights []release.Weight
		want    string // the jobs; empty for none
	}{
		"before any traffic":  {nil, "signoff-during-shift (half), signoff-during-shift (most) still waits, reject it on the page of the run, under Review deployments (production-half, production-most)"},
		"at the first step":   {[]release.Weight{10}, "signoff-during-shift (half), signoff-during-shift (most)"},
		"when one was asked":  {[]release.Weight{10, 50}, "signoff-during-shift (most) still waits"},
		"when all were asked": {[]release.Weight{10, 50, 75, 100}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &traffic.Log{Candidate: release.Green, Outcome: traffic.RefusedTo, Reason: "no"}
			for _, w := range c.weights {
				log.Steps = append(log.Steps, traffic.Baking{Step: traffic.Step{Weight: w}, Set: begin})
			}
			job := &action.Job{Page: new(summary.Page)}
			assembly{target: "production", Shift: traffic.Shift{Settings: traffic.Settings{Steps: steps}}}.report(job, log)
			got := job.Page.Markdown()
			if strings.Contains(got, "Review deployments") != (c.want != "") || !strings.Contains(got, c.want) {
				t.Errorf("want %q in %s", c.want, got)
			}
		})
	}
}

func TestALoadBalancerThatDidNotGoBackIsNamed(t *testing.T) {
	t.Parallel()
	log := bad()
	log.Outcome = traffic.Stranded
	log.Back.Sides = []traffic.Side{{Name: "near", Write: 3 * time.Millisecond, Tries: 1}, {Name: "far", Tries: 57, Problem: "connection refused"}}
	for _, want := range []string{"| near | 3.0 ms | 1 |  |", "| far | not reached | 57 | connection refused |"} {
		if got := page(log); !strings.Contains(got, want) {
			t.Errorf("want %q in %s", want, got)
		}
	}
}
