package gate_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// errorRate pauses at 0.1 % and rolls back above 1 % for two minutes, as the
// plan says it.
func errorRate() gate.Rule {
	rollback := above(0.01)
	rollback.For = 2 * time.Minute
	return gate.Rule{
		Name: "errors", Errors: badQuery, Requests: allQuery, Window: 2 * time.Minute, MinSamples: 2995,
		Warn: atLeast(0.0008), Pause: atLeast(0.001), Rollback: rollback,
	}
}

func lag() gate.Rule {
	return gate.Rule{Name: "lag", Value: gaugeQuery, Window: 2 * time.Minute, Warn: atLeast(100), Pause: atLeast(1000), Largest: limit(1e6)}
}

func unlimited() gate.Rule {
	r := lag()
	r.Largest = nil
	return r
}

// look is what one tick is to say.
type look struct {
	verdict gate.Verdict
	code    gate.Code
}

func (l look) String() string { return fmt.Sprintf("%v(%s)", l.verdict, l.code) }

// phase is a number of ticks in a world that was changed at its start. Every
// look of it is the same, or the last of want is.
type phase struct {
	change func(*world)
	want   []look
}

func same(n int, v gate.Verdict, c gate.Code) []look {
	list := make([]look, n)
	for i := range list {
		list[i] = look{v, c}
	}
	return list
}

func then(lists ...[]look) (all []look) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var (
	good     = same(1, gate.Pass, gate.OK)
	errDown  = errors.New("connection refused")
	errWrong = fmt.Errorf("parse: %w", gate.ErrQuery)
)

// The rows of section 8 of the facts on gates.
func TestWhatAnObservationMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule   gate.Rule
		moment gate.Moment
		phases []phase
	}{
		"inside the threshold passes": {rule: errorRate(), phases: []phase{{want: good}}},
		"inside the threshold with some errors passes": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{7} }, good}}},
		"close to the threshold warns": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{8} }, same(1, gate.Warn, gate.Breach)}}},
		"over the pause threshold stops the clock, and pauses at the second tick": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10} }, then(same(1, gate.Inconclusive, gate.Pending), same(3, gate.Pause, gate.Breach))}}},
		"a pause ends with the fourth good tick": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))},
			{func(w *world) { w.bad = nil }, then(same(3, gate.Pause, gate.Clearing), good)}}},
		"a bad tick among the good ones starts them again": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))},
			{func(w *world) { w.bad = nil }, same(3, gate.Pause, gate.Clearing)},
			{func(w *world) { w.bad = []float64{10} }, same(1, gate.Pause, gate.Breach)},
			{func(w *world) { w.bad = nil }, then(same(3, gate.Pause, gate.Clearing), good)}}},
		"one bad tick does not pause": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10} }, same(1, gate.Inconclusive, gate.Pending)},
			{func(w *world) { w.bad = nil }, good}}},
		"over the rollback threshold pauses until it has lasted, then rolls back": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{101} }, then(same(8, gate.Pause, gate.Pending), same(1, gate.Rollback, gate.Breach))}}},
		"exactly 1 % is not above 1 %": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{100} }, then(same(1, gate.Inconclusive, gate.Pending), same(12, gate.Pause, gate.Breach))}}},
		"a good sample clears the breach": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{200} }, same(8, gate.Pause, gate.Pending)},
			{func(w *world) { w.bad = nil }, same(1, gate.Pause, gate.Clearing)},
			{func(w *world) { w.bad = []float64{200} }, then(same(8, gate.Pause, gate.Pending), same(1, gate.Rollback, gate.Breach))}}},
		"a gap neither clears the breach nor counts for it": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{200} }, same(5, gate.Pause, gate.Pending)},
			{func(w *world) { w.age = time.Hour }, same(20, gate.Pause, gate.Stale)},
			{func(w *world) { w.age = 0 }, then(same(4, gate.Pause, gate.Pending), same(1, gate.Rollback, gate.Breach))}}},
		"a gap of one tick does not count for it either": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{200} }, same(5, gate.Pause, gate.Pending)},
			{func(w *world) { w.age = time.Hour }, same(1, gate.Pause, gate.Stale)},
			{func(w *world) { w.age = 0 }, then(same(4, gate.Pause, gate.Pending), same(1, gate.Rollback, gate.Breach))}}},
		"few requests without an error cannot tell": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all = []float64{2994} }, same(9, gate.Inconclusive, gate.LowTraffic)}}},
		"just enough requests pass": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all = []float64{2995} }, good}}},
		"few requests with an error cannot tell": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = []float64{600}, []float64{1} }, same(9, gate.Inconclusive, gate.LowTraffic)}}},
		"few requests with so many errors that they show a breach pause": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = []float64{600}, []float64{3} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))}}},
		"a pause of few requests ends when they show no breach any more": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = []float64{600}, []float64{3} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))},
			{func(w *world) { w.all = []float64{2900} }, then(same(3, gate.Pause, gate.Clearing), same(5, gate.Inconclusive, gate.LowTraffic))}}},
		"few requests with many errors pause, and do not roll back": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = []float64{600}, []float64{300} }, then(same(1, gate.Inconclusive, gate.Pending), same(20, gate.Pause, gate.Breach))}}},
		"not a number is no traffic": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all = nan }, same(9, gate.Inconclusive, gate.NoTraffic)}}},
		"no request is no traffic": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = []float64{0}, nil }, same(9, gate.Inconclusive, gate.NoTraffic)}}},
		"infinite is refused": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = inf }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"no series of errors is 0 when everything else is there": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = nil }, same(3, gate.Pass, gate.OK)}}},
		"no series of errors is a bad query when no series has the label": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad, w.missing = nil, `bad{slot!=""}` }, same(9, gate.Inconclusive, gate.BadQuery)}}},
		"no series of errors is a bad query when nothing has the metric": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad, w.missing = nil, `count(bad{` }, same(9, gate.Inconclusive, gate.BadQuery)}}},
		"no series of requests is a bad query": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all, w.bad = nil, nil }, same(9, gate.Inconclusive, gate.BadQuery)}}},
		"more errors than requests is a bad query": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10_200} }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"several series are a bad query": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.all = []float64{5000, 5000} }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"a warning is a bad query": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.warning = "le is missing" }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"a refused query is one at once": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.err = errWrong }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"old samples are stale": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.age = 31 * time.Second }, same(9, gate.Inconclusive, gate.Stale)}}},
		"samples of two scrape intervals ago are not": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.age = 30 * time.Second }, good}}},
		"no present sample is stale": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.stale = true }, same(3, gate.Inconclusive, gate.Stale)}}},
		"a dead candidate pauses": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.targets, w.all, w.bad = []float64{0, 0}, nil, nil }, then(same(1, gate.Inconclusive, gate.TargetDown), same(9, gate.Pause, gate.TargetDown))}}},
		"a dead candidate pauses while its numbers still look good": {rule: errorRate(), phases: []phase{
			{want: good},
			{func(w *world) { w.targets = []float64{0, 0} }, then(same(1, gate.Inconclusive, gate.TargetDown), same(9, gate.Pause, gate.TargetDown))}}},
		"one dead process of two pauses": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.targets = []float64{1, 0} }, then(same(1, gate.Inconclusive, gate.TargetDown), same(2, gate.Pause, gate.TargetDown))}}},
		"one process that is gone for good pauses": {rule: errorRate(), phases: []phase{
			{want: good},
			{func(w *world) { w.targets = []float64{1} }, then(same(1, gate.Inconclusive, gate.TargetDown), same(2, gate.Pause, gate.TargetDown))}}},
		"a breach of the processes that are left still rolls back": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.targets, w.bad = []float64{1, 0}, []float64{500} }, then(same(8, gate.Pause, gate.Pending), same(1, gate.Rollback, gate.Breach))}}},
		"a slot that was never scraped is a bad query": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.targets = nil }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"a young step is partial": {rule: errorRate(), moment: young(20 * time.Second), phases: []phase{
			{want: same(1, gate.Inconclusive, gate.Partial)}}},
		"a step of four scrapes can pass": {rule: errorRate(), moment: young(61 * time.Second), phases: []phase{
			{want: good}}},
		"missing scrapes are partial, and a pause when it lasts": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.scrapes = []float64{4} }, then(same(18, gate.Inconclusive, gate.Partial), same(1, gate.Pause, gate.Partial))}}},
		"a source that is away keeps the verdict for two ticks, then the metrics are lost": {rule: errorRate(), phases: []phase{
			{want: good},
			{func(w *world) { w.err = errDown }, then(same(2, gate.Inconclusive, gate.Failing), same(200, gate.Inconclusive, gate.MetricsLost))},
			{func(w *world) { w.err = nil }, good}}},
		"a source that is away keeps a pause": {rule: errorRate(), phases: []phase{
			{func(w *world) { w.bad = []float64{10} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))},
			{func(w *world) { w.err = errDown }, then(same(2, gate.Pause, gate.Failing), same(9, gate.Pause, gate.MetricsLost))}}},
		"99 jobs pass": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{99} }, good}}},
		"100 jobs warn": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{100} }, same(2, gate.Warn, gate.Breach)}}},
		"999 jobs warn": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{999} }, same(2, gate.Warn, gate.Breach)}}},
		"1000 jobs pause": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{1000} }, then(same(1, gate.Inconclusive, gate.Pending), same(1, gate.Pause, gate.Breach))}}},
		"a hundred thousand jobs never roll back": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{1e5} }, then(same(1, gate.Inconclusive, gate.Pending), same(50, gate.Pause, gate.Breach))}}},
		"a missing gauge is a bad query": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = nil }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"an infinite gauge is a bad query": {rule: unlimited(), phases: []phase{
			{func(w *world) { w.gauge = inf }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"a gauge that is not a number is no pass": {rule: unlimited(), phases: []phase{
			{func(w *world) { w.gauge = nan }, same(3, gate.Inconclusive, gate.NoTraffic)}}},
		"an old gauge is stale": {rule: lag(), phases: []phase{
			{func(w *world) { w.age = 295 * time.Second }, same(3, gate.Inconclusive, gate.Stale)}}},
		"a gauge beyond what makes sense is a bad query": {rule: lag(), phases: []phase{
			{func(w *world) { w.gauge = []float64{2e6} }, same(3, gate.Inconclusive, gate.BadQuery)}}},
		"a gauge that concerns both slots does not ask for the candidate": {rule: lag(), phases: []phase{
			{func(w *world) { w.targets = []float64{0} }, same(3, gate.Pass, gate.OK)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			watch := watching(t, bare(c.rule), w)
			if c.moment.Candidate == "" {
				c.moment = baking()
			}
			for p, phase := range c.phases {
				if phase.change != nil {
					phase.change(w)
				}
				for i, want := range phase.want {
					r := watch.Evaluate(t.Context(), c.moment).Readings[0]
					if got := (look{r.Verdict, r.Code}); got != want {
						t.Fatalf("phase %d, tick %d: %v, want %v: %s", p, i, got, want, r.Reason)
					}
					w.pass(pace.Tick)
				}
			}
		})
	}
}
