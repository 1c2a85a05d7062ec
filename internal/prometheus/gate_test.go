package prometheus_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The rows of section 8 of the facts on gates, where Prometheus itself decides
// what is seen.

// late are the codes of a machine that had no time for a scrape, which is no fault
// of the candidate.
var late = []gate.Code{gate.TargetDown, gate.Partial, gate.Stale}

func TestAHealthyCandidateWithoutASingle5xxPasses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w, m := s.watch(func(*gate.Settings) {}), step()
	var last gate.Decision
	s.until("every rule passes", func() bool {
		last = s.evaluate(w, m)
		for _, r := range last.Readings {
			if r.Verdict >= gate.Pause && !slices.Contains(late, r.Code) {
				t.Fatalf("%s: %v(%s): %s", r.Rule, r.Verdict, r.Code, r.Reason)
			}
		}
		return last.Verdict == gate.Pass
	})
	for _, r := range last.Readings {
		t.Logf("%s: %s", r.Rule, r.Reason)
	}
	if d := time.Until(last.At).Abs(); d > patience {
		t.Errorf("the decision is %v away", d)
	}
	faults, _, err := gate.Preflight(t.Context(), gate.Settings{
		Pack: gate.PackNone, FiveXX: gate.Strict, Target: `up{slot="{{slot}}"}`, Metrics: gate.Metrics{
			Requests: "a", Duration: "b", Backlog: "c", Pool: "d", Workers: "e", Failed: "f", Processed: "g", Connecting: "h", Memory: "i", CPU: "j", Slot: "slot", Route: "route", Code: "code"},
		Rules: []gate.Rule{unbounded()},
	}, s.source, gate.Pace{Scrape: time.Second, Tick: time.Second}, release.Blue)
	if err != nil || len(faults) != 1 || !strings.HasPrefix(faults[0].Reason, "no bucket at 0.3 s in http_request_duration_seconds (has 0.2, ") {
		t.Errorf("a histogram without the bound: %+v, %v", faults, err)
	}
}

// unbounded reads a bucket that the exporter does not have.
func unbounded() gate.Rule {
	limit := 0.95
	return gate.Rule{
		Name:     "unbounded",
		Fraction: `sum(http_request_duration_seconds_bucket{slot="{{slot}}",le="0.3"})`,
		Requests: `sum(http_request_duration_seconds_bucket{slot="{{slot}}",le="+Inf"})`,
		Window:   time.Minute, MinSamples: 1, Pause: &gate.Threshold{Below: &limit},
	}
}

func TestAMisspeltQueryNeverPasses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const requests = `sum(increase(http_requests_total{slot="{{slot}}"}[{{window}}]))`
	const errors = `sum(increase(http_requests_total{slot="{{slot}}",code=~"5.."}[{{window}}]))`
	limit := 0.001
	rule := func(name, errors, requests string) gate.Rule {
		return gate.Rule{Name: name, Errors: errors, Requests: requests, Window: 10 * time.Second, MinSamples: 1, Pause: &gate.Threshold{AtLeast: &limit}}
	}
	w, m := s.watch(func(set *gate.Settings) {
		set.Pack, set.MinSamples = gate.PackNone, nil
		set.Rules = []gate.Rule{
			rule("a-label-of-the-errors", `sum(increase(http_requests_total{slot="{{slot}}",cod=~"5.."}[{{window}}]))`, requests),
			rule("the-metric-of-the-errors", `sum(increase(http_request_total{slot="{{slot}}",code=~"5.."}[{{window}}]))`, requests),
			rule("a-label-of-the-requests", errors, `sum(increase(http_requests_total{colour="{{slot}}"}[{{window}}]))`),
			rule("the-sum-is-forgotten", errors, `http_requests_total * 1`),
			rule("the-syntax", errors+")", requests),
			rule("the-kind-of-value", `http_requests_total{slot="{{slot}}"}[{{window}}]`, requests),
			rule("right", errors, requests),
		}
	}), step()
	s.until("the right one passes, and no other", func() bool {
		d := s.evaluate(w, m)
		last := len(d.Readings) - 1
		for _, r := range d.Readings[:last] {
			if r.Verdict.Advances() {
				t.Fatalf("%s: %v: %s", r.Rule, r.Verdict, r.Reason)
			}
			if d.Readings[last].Verdict == gate.Pass && r.Code != gate.BadQuery {
				t.Errorf("%s: %s, want %s: %s", r.Rule, r.Code, gate.BadQuery, r.Reason)
			}
		}
		return d.Readings[last].Verdict == gate.Pass
	})
}

func TestNoTrafficCannotTell(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.until("requests are counted", func() bool { n, _ := s.number(`sum(http_requests_total{slot="green",route="/api"})`); return n > 200 })
	s.green.do(func() { s.green.served = false })
	s.until("the counters are flat", func() bool {
		n, ok := s.number(`sum(increase(http_requests_total{slot="green",route="/api"}[4s]))`)
		return ok && n == 0
	})
	w, m := s.watch(func(*gate.Settings) {}), step()
	for _, rule := range []string{gate.RuleErrorRate, gate.RuleP95, gate.RuleFiveXX} {
		s.until(rule+" has no traffic", func() bool {
			r := s.reading(w, m, rule)
			if r.Verdict.Advances() {
				t.Fatalf("%s: %v: %s", rule, r.Verdict, r.Reason)
			}
			return r.Code == gate.NoTraffic
		})
	}
}

func TestTheFirst5xxIsSeen(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.until("both slots are scraped", func() bool { n, _ := s.number(`count(http_requests_total{route="/api"})`); return n == 2 })
	w, m := s.watch(func(*gate.Settings) {}), step()
	s.until("the 5xx rule passes", func() bool { return s.reading(w, m, gate.RuleFiveXX).Verdict == gate.Pass })
	s.green.do(func() { s.green.values[`http_requests_total{route="/api",code="500"}`] = 1 }) // born at 1, and stays 1
	s.until("it rolls back", func() bool { return s.reading(w, m, gate.RuleFiveXX).Verdict == gate.Rollback })
	s.until("the error rate counts it", func() bool {
		r := s.reading(w, m, gate.RuleErrorRate)
		return strings.HasPrefix(r.Reason, "1 of ")
	})
	if n, _ := s.number(`sum(increase(http_requests_total{slot="green",code="500"}[1m]))`); n != 0 {
		t.Errorf("increase() sees %v: the first error of a series is expected to be hidden from it", n)
	}
	if n, _ := s.number(`sum(increase(http_requests_total{slot="blue",code=~"5.."}[1m]))`); n != 0 {
		t.Errorf("the live slot has %v 5xx", n)
	}
	again := s.watch(func(*gate.Settings) {})
	s.until("a step that began later starts from there", func() bool {
		r := s.reading(again, step(), gate.RuleFiveXX)
		return r.Verdict != gate.Rollback
	})
}

func TestACandidateThatDiesPauses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w, m := s.watch(func(*gate.Settings) {}), step()
	s.until("it passes", func() bool { return s.evaluate(w, m).Verdict == gate.Pass })
	s.green.Close()
	s.until("it pauses", func() bool {
		r := s.reading(w, m, gate.RuleErrorRate)
		if r.Verdict == gate.Rollback {
			t.Fatalf("%v(%s): %s", r.Verdict, r.Code, r.Reason)
		}
		return r.Verdict == gate.Pause && r.Code == gate.TargetDown
	})
	if r := s.reading(w, m, gate.RuleFiveXX); r.Verdict.Advances() {
		t.Errorf("5xx: %v(%s): %s", r.Verdict, r.Code, r.Reason)
	}
}

func TestAPrometheusThatStopsLosesTheMetrics(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	w, m := s.watch(func(*gate.Settings) {}), step()
	s.until("it passes", func() bool { return s.evaluate(w, m).Verdict == gate.Pass })
	if ahead, err := s.source.Healthy(t.Context()); err != nil || ahead.Abs() > patience {
		t.Errorf("healthy: %v, %v", ahead, err)
	}
	if err := s.server.Stop(); err != nil {
		t.Fatal(err)
	}
	for look := range 10 {
		d := s.evaluate(w, m)
		want := gate.Failing
		if look >= 2 {
			want = gate.MetricsLost
		}
		for _, r := range d.Readings {
			if r.Verdict != gate.Inconclusive || r.Code != want {
				t.Errorf("look %d: %s: %v(%s), want inconclusive(%s): %s", look, r.Rule, r.Verdict, r.Code, want, r.Reason)
			}
		}
	}
	if _, err := s.source.Healthy(t.Context()); release.ExitStatus(err) != 3 {
		t.Errorf("healthy: %v", err)
	}
}
