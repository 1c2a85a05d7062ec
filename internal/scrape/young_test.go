package scrape_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

const page = `jobs_total 7
http_request_duration_seconds_bucket{le="0.1"} 1
http_request_duration_seconds_bucket{le="0.25"} 2
http_request_duration_seconds_bucket{le="+Inf"} 2
`

// After the first scrape nothing has grown yet, which is no fault of the query;
// what is, is said first.
func TestWhatOneScrapeShowsOfARule(t *testing.T) {
	t.Parallel()
	limit := 0.5
	for name, c := range map[string]struct {
		value, fraction string
		want            gate.Code
		says            string
	}{
		"an increase":          {`sum(increase(jobs_total{slot="{{slot}}"}[{{window}}]))`, "", gate.Partial, `jobs_total{slot="blue"} has a single sample within 2m0s: an increase needs two`},
		"a rate":               {`max(rate(jobs_total{slot="{{slot}}"}[{{window}}]))`, "", gate.Partial, `jobs_total{slot="blue"} has a single sample`},
		"a metric is misspelt": {`sum(increase(job_total{slot="{{slot}}"}[{{window}}]))`, "", gate.BadQuery, `no series of job_total{slot="blue"}: a metric or label is misspelt`},
		"a label is misspelt":  {`sum(rate(jobs_total{colour="{{slot}}"}[{{window}}]))`, "", gate.BadQuery, `no series of jobs_total{colour="blue"}`},
		"a bound is missing": {
			"", `sum(http_request_duration_seconds_bucket{slot="{{slot}}",le=~"0[.]2"})`, gate.BadQuery,
			"no bucket at 0.2 s in http_request_duration_seconds (has 0.1, 0.25)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := speaking(t, saying(page))
			x, err := scrape.New(scrape.Settings{Path: "/metrics", Interval: time.Minute, Timeout: time.Minute}, []scrape.Target{
				{Slot: release.Blue, Job: "app", URL: url}, {Slot: release.Green, Job: "app", URL: url},
			}, "slot")
			if err != nil {
				t.Fatal(err)
			}
			rule := gate.Rule{Name: "mine", Value: c.value, Fraction: c.fraction, Window: 2 * time.Minute, Pause: &gate.Threshold{Above: &limit}}
			if c.fraction != "" {
				rule.Requests, rule.MinSamples = `sum(http_request_duration_seconds_bucket{slot="{{slot}}",le="+Inf"})`, 1
			}
			w, err := gate.New(gate.Settings{
				Pack: gate.PackNone, FiveXX: gate.Attributable, Target: `up{slot="{{slot}}"}`,
				Metrics: gate.Metrics{
					Requests: "a", Duration: "b", Backlog: "c", Pool: "d", Workers: "e", Failed: "f", Processed: "g", Connecting: "h", Memory: "i", CPU: "j",
					Slot: "slot", Route: "route", Code: "code",
				},
				Rules: []gate.Rule{rule},
			}, x, gate.Pace{Scrape: 30 * time.Second, Tick: 30 * time.Second}, 1)
			if err != nil {
				t.Fatal(err)
			}
			r := w.Evaluate(t.Context(), gate.Moment{Candidate: release.Blue, Live: release.Green, Weight: 100, StepStarted: time.Now().Add(-time.Hour)}).Readings[0]
			if r.Code != c.want || !strings.HasPrefix(r.Reason, c.says) {
				t.Errorf("%s: %s, want %s: %s", r.Code, r.Reason, c.want, c.says)
			}
		})
	}
}
