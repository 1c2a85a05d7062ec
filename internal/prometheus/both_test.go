package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

// both is one scene seen by a Prometheus server and by our own scraping.
type both struct {
	scene
	sources map[string]*severed
}

// severed is a source that can be cut off.
type severed struct {
	gate.Source
	cut atomic.Bool
}

func (s *severed) Query(ctx context.Context, query string) (gate.Result, error) {
	if s.cut.Load() {
		return gate.Result{}, errors.New("connection refused")
	}
	return s.Source.Query(ctx, query)
}

func newBoth(t *testing.T) both { return newBothEvery(t, time.Second) }

// newBothEvery is scraped as often as that by both.
func newBothEvery(t *testing.T, interval time.Duration) both {
	s := newSceneEvery(t, interval)
	ours, err := scrape.New(scrape.Settings{Path: "/metrics", Interval: interval, Timeout: time.Second}, []scrape.Target{
		{Slot: release.Blue, Job: "app", URL: s.blue.URL}, {Slot: release.Green, Job: "app", URL: s.green.URL},
	}, "slot")
	if err != nil {
		t.Fatal(err)
	}
	return both{s, map[string]*severed{"Prometheus": {Source: s.source}, "scraped": {Source: ours}}}
}

// look is what a rule says.
type look struct {
	verdict gate.Verdict
	code    gate.Code
}

// expect waits until both sources make of the rules what is wanted, and of all
// other rules the same.
func (b both) expect(t *testing.T, what string, m gate.Moment, change func(*gate.Settings), want map[string]look) {
	t.Helper()
	watches := map[string]*gate.Watch{}
	for name, source := range b.sources {
		watches[name] = b.watchOn(source, change)
	}
	seen := map[string]gate.Decision{}
	for end := time.Now().Add(patience); ; time.Sleep(500 * time.Millisecond) {
		agree := true
		for name, w := range watches {
			seen[name] = w.Evaluate(t.Context(), m)
			agree = agree && holds(seen[name], want)
		}
		if agree && maps.Equal(looks(seen["Prometheus"]), looks(seen["scraped"])) {
			t.Logf("%s: %d rules, alike", what, len(seen["scraped"].Readings))
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	for name, d := range seen {
		for _, r := range d.Readings {
			t.Logf("%s: %s: %v(%s), want %v: %s", name, r.Rule, r.Verdict, r.Code, want[r.Rule], r.Reason)
		}
	}
	t.Fatalf("%s: not so, or not alike, within %v", what, patience)
}

func looks(d gate.Decision) map[string]look {
	all := map[string]look{}
	for _, r := range d.Readings {
		all[r.Rule] = look{r.Verdict, r.Code}
	}
	return all
}

func holds(d gate.Decision, want map[string]look) bool {
	seen := looks(d)
	for rule, l := range want {
		if seen[rule] != l {
			return false
		}
	}
	return true
}

const (
	grown  = `sum(increase(http_requests_total{slot="{{slot}}",route="/api"}[{{window}}]))`
	failed = `sum(increase(http_requests_total{slot="{{slot}}",route="/api",code=~"5.."}[{{window}}]))`
)

// number is a rule about one number.
func number(name, query string, change func(*gate.Rule)) gate.Rule {
	limit := math.MaxFloat64
	r := gate.Rule{Name: name, Value: query, Window: 20 * time.Second, Pause: &gate.Threshold{Above: &limit}}
	change(&r)
	return r
}

func share(name, errors, requests string, samples int) gate.Rule {
	limit := 0.001
	return gate.Rule{Name: name, Errors: errors, Requests: requests, Window: 20 * time.Second, MinSamples: samples, Pause: &gate.Threshold{AtLeast: &limit}}
}

func at(limit float64, lasting time.Duration) *gate.Threshold {
	return &gate.Threshold{AtLeast: &limit, For: lasting}
}

// growing is over its rollback threshold in a window that no step has filled yet.
func growing() gate.Rule {
	r := share("growing", grown, grown, 1)
	r.Window, r.Pause, r.Rollback = time.Hour, nil, at(0.5, 0)
	return r
}

// steady are the rows that one healthy scene shows, each by a rule of its own.
func steady() []gate.Rule {
	same := func(*gate.Rule) {}
	return []gate.Rule{
		number("inside", `max(queue_backlog)`, same),
		number("close", `max(queue_backlog)`, func(r *gate.Rule) { r.Warn = at(3, 0) }),
		number("over-pause", `max(queue_backlog)`, func(r *gate.Rule) { r.Pause = at(3, 0) }),
		number("over-rollback", `max(queue_backlog)`, func(r *gate.Rule) { r.Pause, r.Rollback = nil, at(3, 2*time.Second) }),
		number("not-for-long-enough", `max(queue_backlog)`, func(r *gate.Rule) { r.Pause, r.Rollback = nil, at(3, time.Hour) }),
		growing(),
		// A server of before 2.49 gives no warning here, and no number.
		number("with-a-warning", `histogram_quantile(0.95, sum(http_request_duration_seconds_bucket{slot="{{slot}}"}))`, same),
		share("few", failed, grown, 1e9),
		share("few-and-bad", grown, grown, 1e9),
		share("no-errors-yet", failed, grown, 1),
		number("not-a-number", `max(unknown)`, same),
		number("infinite", `max(queue_backlog) / 0`, same),
		number("several", `queue_backlog`, same),
		number("misspelt", `max(queue_back_log)`, same),
		share("misspelt-label", `sum(increase(http_requests_total{slot="{{slot}}",cod=~"5.."}[{{window}}]))`, grown, 1),
		number("a-range", `queue_backlog[{{window}}]`, same),
		number("syntax", `max(queue_backlog))`, same),
		number("another-unit", `max(queue_backlog)`, func(r *gate.Rule) { r.Largest = new(float64) }),
		number("of-both-slots", `sum(queue_backlog{slot="{{slot}}"}) / sum(queue_backlog{slot="{{live}}"})`, same),
	}
}

func TestEveryRowOfTheVerdictTableByBothSources(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	b.green.do(func() {
		b.green.values["unknown"], b.green.values["worker_processed_total"] = math.NaN(), 500
		b.green.values["db_connection_failures_total"], b.green.values["memory_usage"], b.green.values["cpu_usage"] = 0, 0.5, 0.85
	})
	for _, e := range []*exporter{b.blue, b.green} {
		e.do(func() { e.values[`visits_total{route="/api",code="200"}`] = 2000 }) // no history to speak of
	}
	pack := func(*gate.Settings) {}
	visits := func(s *gate.Settings) {
		s.Metrics.Requests, s.Skip = "visits_total", append([]string{gate.RuleConnecting}, others...)
		s.Skip = slices.DeleteFunc(s.Skip, func(rule string) bool { return rule == gate.RuleFiveXX })
	}
	none := func(s *gate.Settings) { s.Pack, s.MinSamples, s.Rules = gate.PackNone, nil, steady() }

	b.expect(t, "a healthy candidate", step(), pack, map[string]look{
		gate.RuleErrorRate: {gate.Pass, gate.OK}, gate.RuleP95: {gate.Pass, gate.OK}, gate.RuleFiveXX: {gate.Pass, gate.OK},
		gate.RuleTrend: {gate.Pass, gate.OK}, gate.RuleMemory: {gate.Pass, gate.OK}, gate.RuleCPU: {gate.Warn, gate.Breach},
		gate.RuleCrashes: {gate.Pass, gate.OK}, gate.RuleConnecting: {gate.Pass, gate.OK}, gate.RuleRestarts: {gate.Pass, gate.OK},
	})
	b.expect(t, "one healthy scene", step(), none, map[string]look{
		"inside": {gate.Pass, gate.OK}, "close": {gate.Warn, gate.Breach}, "over-pause": {gate.Pause, gate.Breach},
		"over-rollback": {gate.Rollback, gate.Breach}, "not-for-long-enough": {gate.Pause, gate.Pending},
		"growing": {gate.Pause, gate.Pending}, "with-a-warning": {gate.Inconclusive, gate.BadQuery},
		"few": {gate.Inconclusive, gate.LowTraffic}, "few-and-bad": {gate.Pause, gate.Breach}, "no-errors-yet": {gate.Pass, gate.OK},
		"not-a-number": {gate.Inconclusive, gate.NoTraffic}, "infinite": {gate.Inconclusive, gate.BadQuery},
		"several": {gate.Inconclusive, gate.BadQuery}, "misspelt": {gate.Inconclusive, gate.BadQuery},
		"misspelt-label": {gate.Inconclusive, gate.BadQuery}, "a-range": {gate.Inconclusive, gate.BadQuery},
		"syntax":       {gate.Inconclusive, gate.BadQuery},
		"another-unit": {gate.Inconclusive, gate.BadQuery}, "of-both-slots": {gate.Pass, gate.OK},
	})
	young := step()
	young.StepStarted = time.Now().Add(time.Hour) // by this clock it has not begun
	b.expect(t, "a step that is too young", young, none, map[string]look{"no-errors-yet": {gate.Inconclusive, gate.Partial}})

	b.sever(true)
	b.expect(t, "a source that does not answer", step(), none, map[string]look{"inside": {gate.Inconclusive, gate.Failing}, "few": {gate.Inconclusive, gate.Failing}})
	b.expect(t, "no source", step(), none, map[string]look{"inside": {gate.Inconclusive, gate.MetricsLost}, "few": {gate.Inconclusive, gate.MetricsLost}})
	b.sever(false)

	m := step()
	m.StepStarted = m.StepStarted.Add(-10 * time.Second)
	b.green.do(func() { b.green.values["db_connection_failures_total"]++; b.green.values["worker_processed_total"] = 3 })
	b.expect(t, "a worker and the database", m, pack, map[string]look{
		gate.RuleConnecting: {gate.Rollback, gate.Breach}, gate.RuleCrashes: {gate.Rollback, gate.Crash},
	})
	b.green.do(func() { b.green.values[`http_requests_total{route="/api",code="500"}`] = 1 })
	b.green.do(func() { b.green.values[`visits_total{route="/api",code="500"}`] = 1 })
	b.expect(t, "a 5xx where there is too little history", m, visits, map[string]look{gate.RuleFiveXX: {gate.Pause, gate.Breach}})
	for _, mode := range []gate.FiveXX{gate.Attributable, gate.Strict} {
		b.expect(t, "a 5xx, "+string(mode), m, func(s *gate.Settings) { s.FiveXX = mode }, map[string]look{gate.RuleFiveXX: {gate.Rollback, gate.Breach}})
	}
	b.green.do(func() { b.green.values[`http_requests_total{route="/api",code="timeout"}`] = 60 }) // no 5xx, and far too many
	b.expect(t, "worse than the live slot", m, pack, map[string]look{gate.RuleTrend: {gate.Rollback, gate.Breach}})
	b.blue.do(func() { b.blue.values[`http_requests_total{route="/api",code="500"}`] = 60 })
	b.onBoth("has the errors of the live slot", func(source gate.Source) bool { return b.has(source, `http_requests_total{slot="blue",code="500"}`) })
	later := step()
	b.green.do(func() { b.green.values[`http_requests_total{route="/api",code="500"}`]++ })
	b.expect(t, "a 5xx as the live slot has them, too", later, pack, map[string]look{
		gate.RuleFiveXX: {gate.Warn, gate.Background}, gate.RuleTrend: {gate.Pass, gate.Background},
	})
	b.green.do(func() {
		b.green.values[`http_requests_total{route="/api",code="200"}`] = 1
		delete(b.green.values, `http_requests_total{route="/api",code="500"}`)
		delete(b.green.values, `http_requests_total{route="/api",code="timeout"}`)
	})
	b.onBoth("has lost the errors of the process that died", func(source gate.Source) bool {
		return !b.has(source, `http_requests_total{slot="green",code=~"500|timeout"}`)
	})
	b.expect(t, "a process that died and came again", m, pack, map[string]look{gate.RuleRestarts: {gate.Rollback, gate.Crash}})

	b.green.do(func() { b.green.served = false })
	b.onBoth("has flat counters", func(source gate.Source) bool {
		return b.has(source, `sum(increase(http_requests_total{slot="green",route="/api"}[4s])) == 0`)
	})
	b.expect(t, "no traffic", step(), pack, map[string]look{
		gate.RuleErrorRate: {gate.Inconclusive, gate.NoTraffic}, gate.RuleP95: {gate.Inconclusive, gate.NoTraffic}, gate.RuleFiveXX: {gate.Inconclusive, gate.NoTraffic},
	})
	m = step()
	b.blue.Close()
	b.expect(t, "the live slot is down", m, none, map[string]look{
		"of-both-slots": {gate.Inconclusive, gate.BadQuery}, "inside": {gate.Pass, gate.OK},
	})
	b.green.Close()
	b.expect(t, "the candidate is down", m, pack, map[string]look{
		gate.RuleErrorRate: {gate.Pause, gate.TargetDown}, gate.RuleFiveXX: {gate.Pause, gate.TargetDown}, gate.RuleMemory: {gate.Pause, gate.TargetDown},
	})
}

// walk looks again until the rule has said what is wanted, one after the other,
// by both sources. What a slow machine adds in between is passed over.
func (b both) walk(watches map[string]*gate.Watch, rule string, m gate.Moment, want ...look) {
	b.t.Helper()
	at := map[string]int{}
	b.until(fmt.Sprintf("%s says %v", rule, want), func() bool {
		done := true
		for name, w := range watches {
			if r := b.reading(w, m, rule); at[name] < len(want) && want[at[name]] == (look{r.Verdict, r.Code}) {
				at[name]++
			}
			done = done && at[name] == len(want)
		}
		return done
	})
}

func (b both) watches(pace gate.Pace, rule gate.Rule) map[string]*gate.Watch {
	b.t.Helper()
	all := map[string]*gate.Watch{}
	for name, source := range b.sources {
		all[name] = b.watchAt(source, pace, func(s *gate.Settings) { s.Pack, s.MinSamples, s.Rules = gate.PackNone, nil, []gate.Rule{rule} })
	}
	return all
}

func TestTheRowsThatTakeSeveralLooksByBothSources(t *testing.T) {
	t.Parallel()
	b, second := newBoth(t), gate.Pace{Scrape: time.Second, Tick: time.Second}
	b.onBoth("has the queue", func(source gate.Source) bool { return b.has(source, `queue_backlog{slot="green"} offset 4s`) })
	m := step()
	m.StepStarted = m.StepStarted.Add(-time.Hour)

	full := b.watches(second, number("full", `max(queue_backlog)`, func(r *gate.Rule) { r.Pause = at(5, 0) }))
	b.walk(full, "full", m, look{gate.Pass, gate.OK})
	b.green.do(func() { b.green.values["queue_backlog"] = 5 })
	b.walk(full, "full", m, look{gate.Inconclusive, gate.Pending}, look{gate.Pause, gate.Breach})
	b.green.do(func() { b.green.values["queue_backlog"] = 4 })
	b.walk(full, "full", m, look{gate.Pause, gate.Clearing}, look{gate.Pass, gate.OK})

	// A second holds a single scrape, and an increase needs two.
	single := b.watches(second, number("single", `sum(increase(queue_backlog{slot="{{slot}}"}[1s]))`, func(r *gate.Rule) { r.Window = time.Second }))
	b.walk(single, "single", m, look{gate.Inconclusive, gate.Partial})

	// Three of four scrapes are missing: there is one a second.
	thin := gate.Pace{Scrape: time.Second / 4, Tick: time.Second}
	thinned := b.watches(thin, number("thin", `max_over_time(queue_backlog{slot="{{slot}}"}[{{window}}])`, func(r *gate.Rule) { r.Window = 2 * time.Second }))
	b.walk(thinned, "thin", m, look{gate.Inconclusive, gate.Partial}, look{gate.Pause, gate.Partial})
}

// A source that scrapes less often than was configured has samples that are too old.
func TestAnOldSampleByBothSources(t *testing.T) {
	t.Parallel()
	b := newBothEvery(t, 20*time.Second)
	m := step()
	m.StepStarted = m.StepStarted.Add(-time.Hour)
	slow := b.watches(gate.Pace{Scrape: time.Second, Tick: time.Second}, number("old", `max(queue_backlog)`, func(*gate.Rule) {}))
	b.walk(slow, "old", m, look{gate.Inconclusive, gate.Stale})
}

func (b both) sever(cut bool) {
	for _, s := range b.sources {
		s.cut.Store(cut)
	}
}

// An answer is the same, whoever gives it: the values may differ by a scrape, so
// they are of things that stand still.
func TestBothSourcesAnswerAlike(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	b.green.do(func() { b.green.served = false; b.green.values[`odd{slot="mine",instance="x"}`] = 7 })
	b.until("both are scraped", func() bool { n, _ := b.number(`sum(count_over_time(up[5m]))`); return n > 8 })
	for _, query := range []string{
		`up`, `sum(up)`, `odd`, `count by (slot,job) (http_requests_total{route="/api"})`, `http_request_duration_seconds_bucket{slot="green"}`,
		`max(queue_backlog) + scalar(vector(2))`, `vector(1)`, `absent(nothing)`, `worker_failed_total{slot=~"gr.*|x"} or queue_backlog`, `3`,
		`{__name__=~"queue_.*",slot!="green"}`, `max_over_time(queue_backlog{slot="green"}[3s])`, `sum(resets(queue_backlog[10s]))`,
	} {
		got := map[string][]gate.Series{}
		for name, source := range b.sources {
			r, err := source.Query(t.Context(), query)
			if err != nil || len(r.Warnings) > 0 || time.Since(r.At).Abs() > patience {
				t.Fatalf("%s: %s: %v, %v at %v", name, query, err, r.Warnings, r.At)
			}
			for _, s := range r.Series {
				got[name] = append(got[name], gate.Series{Labels: s.Labels, Value: s.Value})
			}
		}
		for _, s := range got["Prometheus"] {
			same := func(o gate.Series) bool { return maps.Equal(o.Labels, s.Labels) && o.Value == s.Value }
			if !slices.ContainsFunc(got["scraped"], same) || len(got["scraped"]) != len(got["Prometheus"]) {
				t.Errorf("%s: %v\nwant %v", query, got["scraped"], got["Prometheus"])
			}
		}
	}
}
