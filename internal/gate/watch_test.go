package gate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestLooksAtOneScrapeCountAsOne(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	watch, err := gate.New(bare(errorRate()), w, gate.Pace{Scrape: 15 * time.Second, Tick: 5 * time.Second}, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range 20 {
		w.bad = nil
		if i < 4 {
			w.bad = []float64{10}
		}
		got = append(got, watch.Evaluate(t.Context(), baking()).Verdict.String())
		w.pass(5 * time.Second)
	}
	want := slices.Concat(slices.Repeat([]string{"inconclusive"}, 3), slices.Repeat([]string{"pause"}, 10), slices.Repeat([]string{"pass"}, 7))
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestTheWindowIsWithinTheStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age  time.Duration
		all  float64
		want []string // the windows that requests were counted over
	}{
		"an old step has the whole window":                         {age: time.Hour, all: 3000, want: []string{"120s"}},
		"a young step has a shorter one":                           {age: 90 * time.Second, all: 3000, want: []string{"90s"}},
		"too few requests are looked for further back":             {age: time.Hour, all: 2000, want: []string{"120s", "224s"}},
		"far too few are looked for over the whole step":           {age: time.Hour, all: 100, want: []string{"120s", "3600s"}},
		"a step as short as the window has nowhere else to look":   {age: 100 * time.Second, all: 100, want: []string{"100s"}},
		"no request at all is looked for over the whole step, too": {age: time.Hour, all: 0, want: []string{"120s", "3600s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.all = []float64{c.all}
			watching(t, bare(errorRate()), w).Evaluate(t.Context(), young(c.age))
			var got []string
			for _, query := range w.asked {
				if _, rest, ok := strings.Cut(query, `sum(all{slot="green"}[`); ok {
					got = append(got, strings.TrimSuffix(rest, "])"))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("windows %v, want %v", got, c.want)
			}
		})
	}
}

func TestARollbackOverAWindowWaitsForTheWholeWindow(t *testing.T) {
	t.Parallel()
	rule := gate.Rule{Name: "high", Errors: badQuery, Requests: allQuery, Window: 2 * time.Minute, MinSamples: 299, Rollback: above(0.01)}
	for name, c := range map[string]struct {
		age  time.Duration
		want gate.Verdict
	}{
		"a window that is still growing pauses": {100 * time.Second, gate.Pause},
		"a whole one rolls back at once":        {121 * time.Second, gate.Rollback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.bad = []float64{200}
			if d := watching(t, bare(rule), w).Evaluate(t.Context(), young(c.age)); d.Verdict != c.want {
				t.Errorf("%v, want %v", d.Verdict, c.want)
			}
		})
	}
}

func TestBeforeTheFirstWeightOnlyTheQueriesAreTried(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		want   gate.Code
	}{
		"what counts is not old enough to judge": {func(w *world) { w.bad = []float64{5000} }, gate.Partial},
		"a misspelt metric shows already":        {func(w *world) { w.all = nil }, gate.BadQuery},
		"an old sample shows already":            {func(w *world) { w.age = time.Hour }, gate.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			m := young(0)
			m.Weight = 0
			if r := watching(t, bare(errorRate()), w).Evaluate(t.Context(), m).Readings[0]; r.Code != c.want {
				t.Errorf("%s, want %s: %s", r.Code, c.want, r.Reason)
			}
		})
	}
}

func TestARuleThatComparesNeedsALiveSlot(t *testing.T) {
	t.Parallel()
	rule := lag()
	rule.Value = `sum(gauge{slot="{{slot}}"}) / sum(gauge{slot="{{live}}"})`
	m := baking()
	m.Live = ""
	r := watching(t, bare(rule), healthy(t)).Evaluate(t.Context(), m).Readings[0]
	if r.Verdict != gate.Inconclusive || !strings.Contains(r.Reason, "there is no live slot") {
		t.Errorf("%v: %s", r.Verdict, r.Reason)
	}
}

func TestWhatCountsForTheVerdict(t *testing.T) {
	t.Parallel()
	broken := lag()
	broken.Name, broken.Value = "broken", allQuery
	for name, c := range map[string]struct {
		optional, dry bool
		all           []float64
		want          gate.Verdict
	}{
		"a rule without an answer stops the step":                {want: gate.Inconclusive},
		"an optional rule without one does not":                  {optional: true, want: gate.Pass},
		"an optional rule with a breach does":                    {optional: true, all: []float64{100}, want: gate.Warn},
		"a dry run with a breach does not":                       {dry: true, all: []float64{100}, want: gate.Pass},
		"a dry run is measured and reported all the same, at it": {dry: true, want: gate.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.all = c.all
			rule := broken
			rule.Optional, rule.DryRun = c.optional, c.dry
			d := watching(t, bare(lag(), rule), w).Evaluate(t.Context(), baking())
			if d.Verdict != c.want || len(d.Readings) != 2 {
				t.Errorf("%v of %d readings, want %v of 2", d.Verdict, len(d.Readings), c.want)
			}
		})
	}
}

func TestThePreflightNamesWhatTheMetricsLack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		want   []gate.Code
	}{
		"nothing where all is there":           {func(*world) {}, nil},
		"nothing about a breach":               {func(w *world) { w.bad = []float64{9000} }, nil},
		"nothing about an optional rule":       {func(w *world) { w.gauge = nil }, nil},
		"nothing about too few requests":       {func(w *world) { w.all = []float64{3} }, nil},
		"a metric that is missing":             {func(w *world) { w.all = nil }, []gate.Code{gate.BadQuery}},
		"a slot that is not scraped":           {func(w *world) { w.targets = nil }, []gate.Code{gate.BadQuery}},
		"a process of the slot that is down":   {func(w *world) { w.targets = []float64{0} }, []gate.Code{gate.TargetDown}},
		"samples that are too old, everywhere": {func(w *world) { w.age = time.Hour }, []gate.Code{gate.Stale, gate.Stale}},
		"a source that does not answer":        {func(w *world) { w.err = errDown }, []gate.Code{gate.Failing, gate.Failing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			optional := lag()
			optional.Name, optional.Optional = "optional", true
			rules := []gate.Rule{errorRate(), lag()}
			if w.gauge == nil {
				rules = []gate.Rule{errorRate(), optional}
			}
			faults, _, err := gate.Preflight(t.Context(), bare(rules...), w, pace, release.Blue)
			if err != nil {
				t.Fatal(err)
			}
			var got []gate.Code
			for _, r := range faults {
				got = append(got, r.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestAReasonSaysTheNumbers(t *testing.T) {
	t.Parallel()
	slow := gate.Rule{Name: "slow", Fraction: badQuery, Requests: allQuery, Window: 2 * time.Minute, MinSamples: 600, Pause: below(0.95)}
	for name, c := range map[string]struct {
		rule   gate.Rule
		change func(*world)
		want   string
	}{
		"good":        {errorRate(), func(w *world) { w.bad = []float64{3} }, "3 of 10000 requests failed (0.03%) over 2m0s"},
		"a breach":    {errorRate(), func(w *world) { w.bad = []float64{13} }, "13 of 10000 requests failed (0.13%) over 2m0s: pause at least 0.1%"},
		"a long one":  {errorRate(), func(w *world) { w.bad = []float64{130} }, "130 of 10000 requests failed (1.3%) over 2m0s: rollback above 1% for 2m0s"},
		"few":         {errorRate(), func(w *world) { w.all = []float64{600} }, "0 of 600 requests failed (0%) over 10m0s: with 95% confidence less than 0.498% failed; want 2995 requests"},
		"a fraction":  {slow, func(w *world) { w.bad = []float64{9000} }, "90% of 10000 requests within the bound over 2m0s: pause below 95%"},
		"a number":    {lag(), func(w *world) { w.gauge = []float64{250} }, "250: warn at least 100"},
		"not scraped": {errorRate(), func(w *world) { w.targets = []float64{0, 1} }, "1 of 2 processes of green are scraped"},
		"a warning":   {lag(), func(w *world) { w.warning = "odd\x1b[31m\n" }, "time(): the source warns: odd?[31m?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			if r := watching(t, bare(c.rule), w).Evaluate(t.Context(), baking()).Readings[0]; r.Reason != c.want {
				t.Errorf("%s\nwant %s", r.Reason, c.want)
			}
		})
	}
}
