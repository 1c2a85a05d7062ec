package gate_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// answers is a source with the raw counters that the 5xx rule reads.
type answers struct {
	t        testing.TB
	at       time.Time
	failed   map[[4]string]float64 // by slot, instance, route and code
	requests map[[2]string]float64 // by slot and instance
	begun    *answers              // as it was when the step began
	past     [2]float64            // 5xx and requests of the live slot in the last hour
	missing  string
	targets  []float64
	err      error
}

func busy(t testing.TB) *answers {
	a := &answers{
		t: t, at: time.Unix(1_700_000_000, 0), targets: []float64{1}, past: [2]float64{0, 40_000},
		failed:   map[[4]string]float64{},
		requests: map[[2]string]float64{{"blue", "b:1"}: 1e6, {"green", "g:1"}: 50},
	}
	a.begin()
	a.serve("green", 100)
	a.serve("blue", 900)
	return a
}

// begin makes what was counted so far the state at the step's start.
func (a *answers) begin() {
	a.begun = &answers{failed: maps.Clone(a.failed), requests: maps.Clone(a.requests), targets: slices.Clone(a.targets)}
}

func (a *answers) serve(slot string, n float64) { a.requests[[2]string{slot, slot[:1] + ":1"}] += n }

func (a *answers) fail(slot, route, code string, n float64) {
	a.failed[[4]string{slot, slot[:1] + ":1", route, code}] += n
}

func (a *answers) Query(_ context.Context, query string) (gate.Result, error) {
	r := gate.Result{At: a.at}
	one := func(v float64) { r.Series = append(r.Series, gate.Series{Value: v, At: a.at}) }
	from := a
	const users = `,route!~"/health.*|/metrics"`
	if strings.Contains(query, "http_requests_total{") && !strings.HasPrefix(query, "count(") && !strings.Contains(query, users) {
		a.t.Errorf("asked %s, which counts probes", query)
	}
	query = strings.ReplaceAll(query, users, "")
	query, _, earlier := strings.Cut(query, " @ ")
	if earlier {
		from = a.begun
	}
	switch {
	case a.err != nil:
		return r, a.err
	case query == "time()", query == `max(timestamp(up{slot="green"}))`, query == `max(timestamp(http_requests_total{slot="green"}))`:
		one(float64(a.at.Unix()))
	case query == `up{slot="green"}`, query == `up{slot="blue"}`:
		for _, v := range from.targets {
			one(v)
		}
	case query == `min(sum_over_time(up{slot="blue"}[900s]))`:
		one(60)
	case strings.HasPrefix(query, "count("):
		if a.missing == "" || !strings.Contains(query, a.missing) {
			one(1)
		}
	case strings.HasPrefix(query, `http_requests_total{slot=~"blue|green",code=~"5.."}`), query == `http_requests_total{slot=~"blue|green",code!~"[1-4].."}`:
		for k, v := range from.failed {
			r.Series = append(r.Series, gate.Series{Labels: map[string]string{"slot": k[0], "instance": k[1], "route": k[2], "code": k[3]}, Value: v})
		}
	case strings.HasPrefix(query, `sum by (slot,job,instance) (http_requests_total{`):
		for k, v := range from.requests {
			r.Series = append(r.Series, gate.Series{Labels: map[string]string{"slot": k[0], "instance": k[1]}, Value: v})
		}
	case strings.HasPrefix(query, `sum((http_requests_total{slot="blue",code=~"5.."} - `), strings.HasPrefix(query, `sum((http_requests_total{slot="blue",code!~"[1-4].."} - `):
		one(a.past[0])
	case strings.HasPrefix(query, `sum((http_requests_total{slot="blue"} - `):
		one(a.past[1])
	default:
		a.t.Errorf("asked %s", query)
	}
	return r, nil
}

func fiveXX(mode gate.FiveXX) gate.Settings {
	s := bare()
	s.Pack, s.FiveXX = gate.PackPlan, mode
	s.Skip = append(s.Skip, "error-rate", "error-rate-high", "restarts", "p95-latency", "p95-latency-high", "p99-latency",
		"worker-lag", "db-connections", "workers-running", "failed-jobs", "worker-crashes", "db-connection-failures", "memory", "cpu", "error-trend")
	return s
}

// Whoever releases is told before that a first 5xx would pause.
func TestTooLittlePastIsForeseen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode gate.FiveXX
		past [2]float64 // 5xx and requests of the live slot
		want string
	}{
		"too little":              {gate.Attributable, [2]float64{0, 2994}, "5xx pauses at a first one and does not roll back, until the live slot has 2995 requests in its last hour: it has 2994"},
		"enough":                  {gate.Attributable, [2]float64{0, 2995}, ""},
		"some 5xx to compare":     {gate.Attributable, [2]float64{1, 10}, ""},
		"strict compares nothing": {gate.Strict, [2]float64{0, 10}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := busy(t)
			a.past = c.past
			_, short, err := gate.Forecast(t.Context(), fiveXX(c.mode), a, pace, release.Blue, []gate.Bake{{Weight: 10, For: 5 * time.Minute}})
			if got := strings.Join(short, "; "); err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestWhatA5xxMeans(t *testing.T) {
	t.Parallel()
	const api = "/api/campaigns"
	background := func(a *answers) { a.past = [2]float64{20, 40_000} }
	for name, c := range map[string]struct {
		mode   gate.FiveXX
		weight release.Weight
		change func(*answers)
		want   look
	}{
		"none passes":                         {gate.Attributable, 10, func(*answers) {}, look{gate.Pass, gate.OK}},
		"strict takes the first one":          {gate.Strict, 10, func(a *answers) { a.fail("green", api, "500", 1) }, look{gate.Rollback, gate.Breach}},
		"weight 0 takes the first one":        {gate.Attributable, 0, func(a *answers) { background(a); a.fail("green", api, "500", 1) }, look{gate.Rollback, gate.Breach}},
		"the live slot has none: the first":   {gate.Attributable, 10, func(a *answers) { a.fail("green", api, "503", 1) }, look{gate.Rollback, gate.Breach}},
		"at 100 %, too":                       {gate.Attributable, 100, func(a *answers) { a.fail("green", api, "503", 1) }, look{gate.Rollback, gate.Breach}},
		"the live slot has them, too: not":    {gate.Attributable, 10, func(a *answers) { background(a); a.fail("green", api, "500", 1) }, look{gate.Warn, gate.Background}},
		"at 100 %, neither":                   {gate.Attributable, 100, func(a *answers) { background(a); a.fail("green", api, "500", 1) }, look{gate.Warn, gate.Background}},
		"far more than the live slot beside":  {gate.Attributable, 10, func(a *answers) { background(a); a.fail("green", api, "500", 9) }, look{gate.Rollback, gate.Breach}},
		"far more than the live slot before":  {gate.Attributable, 100, func(a *answers) { background(a); a.fail("green", api, "500", 9) }, look{gate.Rollback, gate.Breach}},
		"as many as the live slot at once":    {gate.Attributable, 10, func(a *answers) { background(a); a.fail("green", api, "500", 5); a.fail("blue", api, "500", 45) }, look{gate.Warn, gate.Background}},
		"the live slot alone is no matter":    {gate.Strict, 10, func(a *answers) { a.fail("blue", api, "500", 45) }, look{gate.Pass, gate.OK}},
		"too little past to compare with":     {gate.Attributable, 10, func(a *answers) { a.past = [2]float64{0, 2994}; a.fail("green", api, "500", 1) }, look{gate.Pause, gate.Breach}},
		"before the step it is no matter":     {gate.Strict, 10, func(a *answers) { a.fail("green", api, "500", 7); a.begin(); a.serve("green", 9) }, look{gate.Pass, gate.OK}},
		"no request cannot tell":              {gate.Strict, 10, func(a *answers) { a.begin() }, look{gate.Inconclusive, gate.NoTraffic}},
		"a slot without counters cannot tell": {gate.Strict, 10, func(a *answers) { delete(a.requests, [2]string{"green", "g:1"}); a.begin() }, look{gate.Inconclusive, gate.BadQuery}},
		"a label that nothing has cannot":     {gate.Strict, 10, func(a *answers) { a.missing = `{code!=""}` }, look{gate.Inconclusive, gate.BadQuery}},
		"a dead candidate cannot":             {gate.Strict, 10, func(a *answers) { a.targets = []float64{0} }, look{gate.Inconclusive, gate.TargetDown}},
		"a dead one that had a 5xx can":       {gate.Strict, 10, func(a *answers) { a.targets = []float64{0}; a.fail("green", api, "500", 1) }, look{gate.Rollback, gate.Breach}},
		"no source cannot":                    {gate.Strict, 10, func(a *answers) { a.err = errDown }, look{gate.Inconclusive, gate.Failing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := busy(t)
			c.change(a)
			m := baking()
			m.Weight = c.weight
			r := watching(t, fiveXX(c.mode), a).Evaluate(t.Context(), m).Readings[0]
			if got := (look{r.Verdict, r.Code}); got != c.want {
				t.Errorf("%v, want %v: %s", got, c.want, r.Reason)
			}
		})
	}
}

func TestA5xxIsNotForgotten(t *testing.T) {
	t.Parallel()
	a := busy(t)
	watch := watching(t, fiveXX(gate.Strict), a)
	m := baking()
	verdicts := func(want gate.Verdict) {
		t.Helper()
		a.at = a.at.Add(pace.Tick)
		if r := watch.Evaluate(t.Context(), m).Readings[0]; r.Verdict != want {
			t.Fatalf("%v, want %v: %s", r.Verdict, want, r.Reason)
		}
	}
	verdicts(gate.Pass)
	m.StepStarted = time.Now() // a new step, and a 5xx between the two looks
	a.fail("green", "/", "500", 1)
	a.begin()
	verdicts(gate.Rollback)
	a.err = errDown
	verdicts(gate.Rollback)
}

func TestASlotThatWasNotScrapedWhenTheStepBegan(t *testing.T) {
	t.Parallel()
	for name, now := range map[string][]float64{"is there at the first look": {1}, "is there later": {0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := busy(t)
			a.begun = &answers{}
			if a.targets = now; now[0] == 1 { // a process that is down has no series
				a.fail("green", "/", "500", 7)
			}
			watch := watching(t, fiveXX(gate.Strict), a)
			look := func() gate.Reading { return watch.Evaluate(t.Context(), baking()).Readings[0] }
			if r := look(); r.Verdict == gate.Rollback {
				t.Fatalf("what was before: %s", r.Reason)
			}
			if now[0] == 0 {
				a.targets = []float64{1}
				a.fail("green", "/", "500", 7)
				if r := look(); r.Verdict == gate.Rollback {
					t.Fatalf("what was before: %s", r.Reason)
				}
			}
			a.fail("green", "/", "500", 1)
			a.fail("green", "/other", "500", 1)
			if r := look(); r.Verdict != gate.Rollback || r.Value != 2 {
				t.Errorf("%v after %v 5xx: %s", r.Verdict, r.Value, r.Reason)
			}
		})
	}
}

func TestACounterThatStartsAgainCountsFromZero(t *testing.T) {
	t.Parallel()
	a := busy(t)
	a.fail("green", "/", "500", 7)
	a.begin()
	watch := watching(t, fiveXX(gate.Strict), a)
	if r := watch.Evaluate(t.Context(), baking()).Readings[0]; r.Verdict == gate.Rollback {
		t.Fatalf("%s", r.Reason)
	}
	a.failed = map[[4]string]float64{{"green", "g:1", "/", "500"}: 2}
	if r := watch.Evaluate(t.Context(), baking()).Readings[0]; r.Verdict != gate.Rollback || r.Value != 2 {
		t.Errorf("%v after %v 5xx: %s", r.Verdict, r.Value, r.Reason)
	}
}

func TestAPastThatIsEmptyOnceIsAskedForAgain(t *testing.T) {
	t.Parallel()
	a := busy(t)
	s := fiveXX(gate.Attributable)
	s.Skip[slices.Index(s.Skip, gate.RuleTrend)] = gate.RuleFiveXX
	watch, m := watching(t, s, a), baking()
	m.Weight = 100 // nothing beside it
	a.past = [2]float64{}
	a.fail("green", "/", "timeout", 1)
	if r := watch.Evaluate(t.Context(), m).Readings[0]; r.Code != gate.Background {
		t.Fatalf("%v(%s): %s", r.Verdict, r.Code, r.Reason)
	}
	a.past = [2]float64{20, 40_000}
	a.fail("green", "/", "timeout", 9)
	a.serve("green", 100)
	if r := watch.Evaluate(t.Context(), m).Readings[0]; r.Verdict != gate.Rollback {
		t.Errorf("%v(%s): %s", r.Verdict, r.Code, r.Reason)
	}
}

// The probability of a false alarm is that of all steps together, so the same
// errors say less in a release of more of them.
func TestMoreStepsNeedMoreEvidence(t *testing.T) {
	t.Parallel()
	for steps, want := range map[int]look{0: {gate.Rollback, gate.Breach}, 3: {gate.Rollback, gate.Breach}, 10: {gate.Warn, gate.Background}} {
		for weight, past := range map[release.Weight]float64{10: 400, 100: 80} { // by either test
			a := busy(t)
			a.past = [2]float64{past, 40_000}
			a.fail("green", "/", "500", 4)
			a.serve("green", 10)
			w, err := gate.New(fiveXX(gate.Attributable), a, pace, steps)
			if err != nil {
				t.Fatal(err)
			}
			m := baking()
			m.Weight = weight
			r := w.Evaluate(t.Context(), m).Readings[0]
			if got := (look{r.Verdict, r.Code}); got != want {
				t.Errorf("one of %d steps, at %v: %v, want %v: %s", steps, weight, got, want, r.Reason)
			}
		}
	}
}

func TestARollbackFor5xxNamesThem(t *testing.T) {
	t.Parallel()
	a := busy(t)
	a.fail("green", "/api\x1b[31m"+strings.Repeat("x", 200), "502", 1)
	a.fail("green", "/", "500", 1)
	r := watching(t, fiveXX(gate.Attributable), a).Evaluate(t.Context(), baking()).Readings[0]
	if r.Value != 2 || r.Samples != 100 {
		t.Errorf("%v 5xx in %v requests, want 2 in 100", r.Value, r.Samples)
	}
	for _, want := range []string{"2 new 5xx in 100 requests of green", `"/" "500"`, `"502"`, "the live slot had 0 in 40000 requests over the last 1h0m0s"} {
		if !strings.Contains(r.Reason, want) {
			t.Errorf("%s: want %q in it", r.Reason, want)
		}
	}
	if strings.Contains(r.Reason, "\x1b") || len(r.Reason) > 400 {
		t.Errorf("%q is not fit to print", r.Reason)
	}
	if fmt.Sprint(r.Evidence) != "[C.2.4 C.3.3]" {
		t.Errorf("evidence %v", r.Evidence)
	}
}
