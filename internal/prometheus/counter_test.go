package prometheus_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// What a counter grew by is read from a rule that rolls back above 0, over a
// window that begins in the middle of scrapes which failed. Each case is a metric
// of its own, with a value before those scrapes and one after them; 0 is none.

type counter struct{ before, after, grew float64 }

var counters = map[string]counter{
	"flat_total":     {3, 3, 0},
	"grows_total":    {3, 4, 1},
	"born_total":     {0, 1, 1},
	"resets_total":   {7, 2, 2},
	"passes_total":   {1, 0, 5}, // begins again at 0, and is soon more than it was
	"vanishes_total": {3, 0, 0},
}

func TestAScrapeThatFailedMakesNoCounterGrow(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	b.green.set(counters, func(c counter) float64 { return c.before })
	b.onBoth("has the counters", func(source gate.Source) bool { return b.has(source, "flat_total offset 4s") })
	b.green.do(func() { b.green.broken = true })
	b.onBoth("has missed three scrapes", func(source gate.Source) bool {
		return !b.has(source, "flat_total") && !b.has(source, "flat_total offset 3s")
	})
	b.green.do(func() { b.green.broken = false })
	b.green.set(counters, func(c counter) float64 { return c.after })
	b.onBoth("has a scrape again", func(source gate.Source) bool { return b.has(source, "flat_total") })
	b.green.do(func() { b.green.values["passes_total"] = 0.5 })
	b.onBoth("has the one that began again", func(source gate.Source) bool { return b.has(source, "passes_total") })
	b.green.do(func() { b.green.values["passes_total"] = counters["passes_total"].grew })
	b.onBoth("has it where it was and more", func(source gate.Source) bool { return b.has(source, "passes_total > 1") })
	for name, c := range counters {
		b.onBoth(fmt.Sprintf("has %s grown by %g", name, c.grew), func(source gate.Source) bool { return b.grewBy(source, name, c.grew) })
	}
}

// grewBy looks once at a window that begins where scrapes failed, and is false
// where there was none.
func (b both) grewBy(source gate.Source, name string, want float64) bool {
	b.t.Helper()
	for window := 5; window < 100; window++ {
		began := fmt.Sprintf("last_over_time(flat_total[5m] offset %[1]ds) unless flat_total offset %[1]ds", window)
		if !b.has(source, began) {
			continue
		}
		m := step()
		m.StepStarted = time.Now().Add(-time.Duration(window) * time.Second)
		w := b.watchOn(source, func(s *gate.Settings) { s.Metrics.Connecting, s.Skip = name, others })
		r := b.reading(w, m, gate.RuleConnecting)
		if !b.has(source, began) {
			return false
		}
		if back := r.Verdict == gate.Rollback; back != (want > 0) || back && r.Value != want {
			b.t.Fatalf("%s over %ds: %v, %v: want it grown by %g: %s", name, window, r.Verdict, r.Value, want, r.Reason)
		}
		return true
	}
	return false
}

// A counter of a rule of one's own is counted from its first event on: that of the
// candidate is there for the first time when 400 requests have failed.
func TestACounterThatIsBornIsCounted(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	b.blue.do(func() { b.blue.values["checkout_failed_total"] = 0 })
	b.onBoth("has the counter of the live slot", func(source gate.Source) bool { return b.has(source, "checkout_failed_total") })
	rule := share("checkouts", `checkout_failed_total{slot="{{slot}}"}`, `http_requests_total{slot="{{slot}}",route="/api"}`, 300)
	rule.Window = 5 * time.Minute
	watches, m := b.watches(gate.Pace{Scrape: time.Second, Tick: time.Second}, rule), step()
	b.walk(watches, rule.Name, m, look{gate.Pass, gate.OK})
	b.green.do(func() { b.green.values["checkout_failed_total"] = 400 })
	b.walk(watches, rule.Name, m, look{gate.Pause, gate.Breach})
	for name, w := range watches {
		b.until(name+" counts them all", func() bool { return strings.HasPrefix(b.reading(w, m, rule.Name).Reason, "400 of ") })
	}
}

// others are the rules that say nothing about a counter.
var others = []string{
	gate.RuleErrorRate, gate.RuleErrorRateHigh, gate.RuleP95, gate.RuleP95High, gate.RuleP99, gate.RuleFiveXX, gate.RuleWorkerLag, gate.RulePool,
	gate.RuleWorkers, gate.RuleFailedJobs, gate.RuleRestarts, gate.RuleTrend, gate.RuleCrashes, gate.RuleMemory, gate.RuleCPU,
}

func (e *exporter) set(all map[string]counter, value func(counter) float64) {
	e.do(func() {
		for name, c := range all {
			if delete(e.values, name); value(c) > 0 {
				e.values[name] = value(c)
			}
		}
	})
}

func (b both) onBoth(what string, want func(gate.Source) bool) {
	b.t.Helper()
	for name, source := range b.sources {
		b.until(name+" "+what, func() bool { return want(source) })
	}
}

// has says whether a query has a series.
func (b both) has(source gate.Source, query string) bool {
	b.t.Helper()
	r, err := source.Query(b.t.Context(), query)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(r.Series) > 0
}
