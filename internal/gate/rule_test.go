package gate_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*gate.Rule)
		want   string
	}{
		"no name":                      {func(r *gate.Rule) { r.Name = "" }, `name ""`},
		"a name with blanks":           {func(r *gate.Rule) { r.Name = "my rule" }, `name "my rule"`},
		"no query":                     {func(r *gate.Rule) { r.Errors = "" }, "want exactly one of errors, fraction and value"},
		"two queries":                  {func(r *gate.Rule) { r.Value = "x" }, "want exactly one of errors, fraction and value"},
		"nothing to divide by":         {func(r *gate.Rule) { r.Requests = "" }, "requests is missing"},
		"an unknown placeholder":       {func(r *gate.Rule) { r.Errors = `x{slot="{{colour}}"}` }, "{{colour}}"},
		"an open placeholder":          {func(r *gate.Rule) { r.Errors = `x{slot="{{slot"}` }, "not closed"},
		"requests of both slots":       {func(r *gate.Rule) { r.Requests = "all" }, "requests counts both slots"},
		"services of no query":         {func(r *gate.Rule) { r.Services = []string{"api"} }, "services without {{service}}"},
		"a service that is no name":    {func(r *gate.Rule) { r.Errors, r.Services = `x{s="{{service}}"}`, []string{`a"b`} }, `"a\"b"`},
		"no services":                  {func(r *gate.Rule) { r.Errors = `x{s="{{service}}"}` }, "the rule lists no services"},
		"a query without a metric":     {func(r *gate.Rule) { r.Errors = "vector(0)" }, "names no metric"},
		"a query with an open quote":   {func(r *gate.Rule) { r.Errors = `x{slot="green}` }, "quote"},
		"no window":                    {func(r *gate.Rule) { r.Window = 0 }, "window 0s"},
		"no minimum of samples":        {func(r *gate.Rule) { r.MinSamples = 0 }, "min-samples 0"},
		"a negative age":               {func(r *gate.Rule) { r.StaleAfter = -1 }, "stale-after"},
		"no threshold":                 {func(r *gate.Rule) { r.Warn, r.Pause, r.Rollback = nil, nil, nil }, "no threshold"},
		"a threshold without a limit":  {func(r *gate.Rule) { r.Pause = &gate.Threshold{} }, "0 limits"},
		"a threshold with two":         {func(r *gate.Rule) { r.Pause = &gate.Threshold{Above: limit(1), Below: limit(1)} }, "2 limits"},
		"a threshold that is no value": {func(r *gate.Rule) { r.Pause = above(math.NaN()) }, "finite"},
		"a threshold for minus 1s":     {func(r *gate.Rule) { r.Pause = &gate.Threshold{Above: limit(1), For: -time.Second} }, "for -1s"},
		"two directions":               {func(r *gate.Rule) { r.Pause = below(0.5) }, "crossed from below"},
		"a pause after the rollback":   {func(r *gate.Rule) { r.Pause = above(0.5) }, "crossed after the worse one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := errorRate()
			c.change(&rule)
			err := rule.Check()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: want %q in it", err, c.want)
			}
			if release.ExitStatus(err) != 2 || release.HintOf(err) == "" {
				t.Errorf("status %d, hint %q", release.ExitStatus(err), release.HintOf(err))
			}
			if _, err := gate.New(bare(rule), healthy(t), pace, 3); err == nil {
				t.Error("New takes it")
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	plan := bare()
	plan.Pack = gate.PackPlan
	for name, c := range map[string]struct {
		change func(*gate.Settings)
		want   string
	}{
		"an unknown pack":             {func(s *gate.Settings) { s.Pack = "all" }, `gates.pack "all"`},
		"an unknown mode":             {func(s *gate.Settings) { s.FiveXX = "lax" }, `gates.five-xx "lax"`},
		"a rule twice":                {func(s *gate.Settings) { s.Rules = []gate.Rule{lag(), lag()} }, `"lag" is there twice`},
		"an unknown rule to skip":     {func(s *gate.Settings) { s.Skip = []string{"lagg"} }, `gates.skip: "lagg"`},
		"samples of an unknown rule":  {func(s *gate.Settings) { s.MinSamples = map[string]int{"x": 1} }, `gates.min-samples: "x"`},
		"no samples":                  {func(s *gate.Settings) { s.MinSamples = map[string]int{gate.RuleP95: 0} }, "want at least 1"},
		"a target that is a sum":      {func(s *gate.Settings) { s.Target = `sum(up{slot="{{slot}}"})` }, "nothing around it"},
		"a target that is two":        {func(s *gate.Settings) { s.Target = "up or up2" }, "nothing around it"},
		"an odd name of a metric":     {func(s *gate.Settings) { s.Metrics.Requests = `x"}` }, "gates.metrics.requests"},
		"an empty name of a metric":   {func(s *gate.Settings) { s.Metrics.Code = "" }, "gates.metrics.code-label"},
		"an odd pattern of probes":    {func(s *gate.Settings) { s.Metrics.Probes = "(" }, "gates.metrics.probes"},
		"an odd label to match":       {func(s *gate.Settings) { s.Metrics.Matchers = map[string]string{"a:b": "c"} }, `gates.metrics.matchers: label "a:b"`},
		"the slot to match":           {func(s *gate.Settings) { s.Metrics.Matchers = map[string]string{"slot": "green"} }, "ask for it themselves"},
		"nothing to match":            {func(s *gate.Settings) { s.Metrics.Matchers = map[string]string{"job": ""} }, `gates.metrics.matchers.job ""`},
		"a placeholder to match":      {func(s *gate.Settings) { s.Metrics.Matchers = map[string]string{"job": "{{job}}"} }, "gates.metrics.matchers.job"},
		"a window of under 4 scrapes": {func(s *gate.Settings) { s.Rules = []gate.Rule{short()} }, "shorter than 4 scrape intervals"},
		"every rule skipped":          {func(s *gate.Settings) { s.Pack = gate.PackNone }, "no rule is left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plan
			c.change(&s)
			_, err := gate.New(s, healthy(t), pace, 3)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: want %q in it", err, c.want)
			}
			if release.ExitStatus(err) != 2 {
				t.Errorf("status %d", release.ExitStatus(err))
			}
		})
	}
}

func short() gate.Rule {
	r := errorRate()
	r.Window = 59 * time.Second
	return r
}

func TestAWindowIsNotRefusedWhenTheScrapeIntervalIsNotKnown(t *testing.T) {
	t.Parallel()
	if _, err := gate.New(bare(short()), healthy(t), gate.Pace{Tick: pace.Tick}, 3); err != nil {
		t.Error(err)
	}
}

func TestTheRulesInForce(t *testing.T) {
	t.Parallel()
	mine := lag()
	mine.Name = gate.RuleWorkerLag
	fiveXX := lag()
	fiveXX.Name = gate.RuleFiveXX
	all := []string{"error-rate", "error-rate-high", "restarts", "p95-latency", "p95-latency-high", "p99-latency", "worker-lag",
		"db-connections", "workers-running", "failed-jobs", "worker-crashes", "db-connection-failures", "memory", "cpu"}
	for name, c := range map[string]struct {
		change func(*gate.Settings)
		want   string
	}{
		"the pack, and the 5xx rule": {func(*gate.Settings) {}, strings.Join(all, " ") + " 5xx error-trend"},
		"one of them skipped":        {func(s *gate.Settings) { s.Skip = all[1:] }, "error-rate 5xx error-trend"},
		"the 5xx rule skipped":       {func(s *gate.Settings) { s.Skip = append([]string{"5xx", "error-trend"}, all[1:]...) }, "error-rate"},
		"the 5xx rule replaced": {func(s *gate.Settings) {
			s.Skip, s.Rules = append([]string{"error-trend"}, all[1:]...), []gate.Rule{fiveXX}
		}, "error-rate 5xx"},
		"one of them replaced in place": {func(s *gate.Settings) { s.Rules = []gate.Rule{mine} }, strings.Join(all, " ") + " 5xx error-trend"},
		"one more":                      {func(s *gate.Settings) { s.Rules = []gate.Rule{lag()} }, strings.Join(all, " ") + " lag 5xx error-trend"},
		"only mine":                     {func(s *gate.Settings) { s.Pack, s.Rules = gate.PackNone, []gate.Rule{lag()} }, "lag"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bare()
			s.Pack = gate.PackPlan
			c.change(&s)
			var got []string
			w := healthy(t)
			w.err = errDown
			for _, r := range watching(t, s, w).Evaluate(t.Context(), baking()).Readings {
				got = append(got, r.Rule)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

func TestARuleForEachService(t *testing.T) {
	t.Parallel()
	rule := errorRate()
	rule.Services = []string{"api", "Web_1"}
	rule.Errors = `sum(bad{slot="{{slot}}",service="{{ service }}"})`
	s := bare(rule)
	s.MinSamples = map[string]int{"errors": 7}
	var got []string
	for _, r := range watching(t, s, healthy(t)).Rules() {
		got = append(got, fmt.Sprint(r.Name, " ", r.MinSamples, " ", r.Errors))
	}
	want := []string{`errors-api 7 sum(bad{slot="{{slot}}",service="api"})`, `errors-web-1 7 sum(bad{slot="{{slot}}",service="Web_1"})`}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// A counter is counted as those of the pack are; what is more than one is PromQL, and
// is left alone.
func TestACounterOfARuleIsCounted(t *testing.T) {
	t.Parallel()
	pack := bare()
	pack.Pack, pack.Metrics.Requests, pack.Metrics.Probes = gate.PackPlan, "bad", ""
	counted := watching(t, pack, healthy(t)).Rules()[0].Requests
	for query, want := range map[string]string{
		`bad{slot="{{slot}}"}`:                         counted,
		"  bad{slot=\"{{slot}}\"}\n":                   counted,
		`sum(bad{slot="{{slot}}"})`:                    "",
		`bad{slot="{{slot}}"}[{{window}}]`:             "",
		`bad{slot="{{slot}}"} offset 5m`:               "",
		`bad{slot="{{slot}}"} + bad{slot="{{slot}}"}`:  "",
		`bad{slot="{{slot}}"} or bad{slot="{{live}}"}`: "",
	} {
		if want == "" {
			want = query
		}
		errors, fraction := errorRate(), errorRate()
		errors.Errors, errors.Requests = query, query
		fraction.Errors, fraction.Fraction, fraction.Requests, fraction.Warn, fraction.Rollback, fraction.Pause = "", query, query, nil, nil, below(0.9)
		for _, rule := range []gate.Rule{errors, fraction} {
			r := watching(t, bare(rule), healthy(t)).Rules()[0]
			if got := r.Errors + r.Fraction; got != want || r.Requests != want {
				t.Errorf("%s:\n%s\n%s\nwant %s", query, got, r.Requests, want)
			}
		}
		value := lag()
		value.Value = query
		if r := watching(t, bare(value), healthy(t)).Rules()[0]; r.Value != query {
			t.Errorf("the value %s became %s", query, r.Value)
		}
	}
}

func TestErrorsThatMayNotBeSeen(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`sum(increase(bad{slot="{{slot}}",code=~"5.."}[{{window}}]))`: `increase() errors: bad{slot="{{slot}}",code=~"5.."}`,
		`sum by (x) (rate(bad[{{window}}])) * 60`:                     "rate() errors: bad",
		`sum(irate(bad[{{window}}]) + irate(worse[{{window}}]))`:      "irate() ",
		`bad{slot="{{slot}}"}`:                                        "",
		`sum(bad) - sum(bad offset 2m)`:                               "",
		`rate`:                                                        "",
	} {
		rule := errorRate()
		rule.Errors = query
		value := lag()
		value.Value = `sum(rate(jobs[{{window}}]))`
		got := bare(value, rule).Unseen()
		if want == "" && len(got) > 0 || want != "" && len(got) != 1 {
			t.Errorf("%s: %+v", query, got)
			continue
		}
		if function, remedy, some := strings.Cut(want, " "); some && (!strings.Contains(got[0].Reason, "errors uses "+function+",") || !strings.HasSuffix(got[0].Remedy, remedy) || got[0].Rule != "errors") {
			t.Errorf("%s: %+v, want %s", query, got[0], want)
		}
	}
}

func TestSamplesAreSetByName(t *testing.T) {
	t.Parallel()
	s := bare(errorRate())
	s.MinSamples = map[string]int{"errors": 7}
	if n := watching(t, s, healthy(t)).Rules()[0].MinSamples; n != 7 {
		t.Errorf("min-samples %d, want 7", n)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	rule := errorRate()
	for name, c := range map[string]struct {
		rate   float64
		weight release.Weight
		rule   gate.Rule
		want   time.Duration
		ok     bool
	}{
		"100 a second at 10 % need five minutes": {100, 10, rule, 300 * time.Second, true},
		"10 a second at 50 % need ten":           {10, 50, rule, 599 * time.Second, true},
		"no traffic never does":                  {0, 50, rule, 0, false},
		"a rate that is no number never does":    {math.NaN(), 50, rule, 0, false},
		"weight 0 never does":                    {100, 0, rule, 0, false},
		"a gauge needs none":                     {0, 0, lag(), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := gate.Reachable(c.rate, c.rule, c.weight); got != c.want || ok != c.ok {
				t.Errorf("%v, %v: want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

// The tests use the names that are the defaults.
func TestTheDefaultNamesAreThoseOfTheSampleApplication(t *testing.T) {
	t.Parallel()
	value := reflect.ValueOf(names)
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if field.Type.Kind() == reflect.Map {
			continue
		}
		if got := field.Tag.Get("default"); got != value.Field(i).String() {
			t.Errorf("%s: the default is %q, want %q", field.Tag.Get("yaml"), got, value.Field(i).String())
		}
	}
}

func TestAValueWithRequestsNeedsEnoughOfThem(t *testing.T) {
	t.Parallel()
	quantile := lag()
	quantile.Requests, quantile.MinSamples = allQuery, 600
	for name, c := range map[string]struct {
		value, requests float64
		want            look
	}{
		"enough, and good": {10, 600, look{gate.Pass, gate.OK}},
		"too few":          {10, 599, look{gate.Inconclusive, gate.LowTraffic}},
		"too few, and bad": {5000, 599, look{gate.Inconclusive, gate.Pending}},
		"none":             {10, 0, look{gate.Inconclusive, gate.NoTraffic}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.gauge, w.all = []float64{c.value}, []float64{c.requests}
			r := watching(t, bare(quantile), w).Evaluate(t.Context(), baking()).Readings[0]
			if got := (look{r.Verdict, r.Code}); got != c.want {
				t.Errorf("%v, want %v: %s", got, c.want, r.Reason)
			}
		})
	}
}
