package preflight

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

func TestTheRemedyForAGateIsWhereTheFaultIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults       []gate.Reading
		says, remedy string
	}{
		"none": {},
		"a bucket that is missing": {
			[]gate.Reading{{Rule: "p95-latency", Code: gate.BadQuery, Reason: "no bucket at 0.2 s in h (has 0.1)"}},
			"gate p95-latency: no bucket at 0.2 s in h (has 0.1)", "gates.skip",
		},
		"a process that is down": {
			[]gate.Reading{{Rule: "a", Code: gate.BadQuery, Reason: "no series"}, {Rule: "b", Code: gate.TargetDown, Reason: "down"}},
			"gate a: no series\ngate b: down", "",
		},
	} {
		err := unmeasurable(c.faults)
		if (err == nil) != (c.says == "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil {
			continue
		}
		if hint := release.HintOf(err); err.Error() != c.says || (hint == "") != (c.remedy == "") || !strings.Contains(hint, c.remedy) {
			t.Errorf("%s: %v: %q", name, err, hint)
		}
	}
}

// A rule that may not see an error stops nothing, and is told.
func TestARuleThatMayNotSeeAnErrorIsAWarning(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	job := &action.Job{Log: slog.New(slog.NewTextHandler(&log, nil))}
	job.Config.Gates.Rules = []gate.Rule{{Name: "checkouts", Errors: `sum(increase(failed_total{slot="{{slot}}"}[{{window}}]))`}}
	if _, err := (look{job: job}).metrics(t.Context()); err == nil {
		t.Error("nothing answers")
	}
	if said := log.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "gate=checkouts") || !strings.Contains(said, "first event") {
		t.Errorf("%q", said)
	}
}

// An increase needs two scrapes, and a probe that starts to scrape has one.
func TestARuleWithAnIncreaseIsMeasuredByOurOwnScrapes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "jobs_total %d\n", time.Now().UnixMilli()%1e6)
	}))
	t.Cleanup(server.Close)
	for query, want := range map[string]string{
		`sum(increase(jobs_total{slot="{{slot}}"}[{{window}}]))`: "",
		`sum(increase(job_total{slot="{{slot}}"}[{{window}}]))`:  `gate jobs: no series of job_total{slot="blue"}: a metric or label is misspelt`,
	} {
		job := &action.Job{}
		job.Release = release.Record{Good: release.Blue, Candidate: release.Green}
		job.Config.Preflight.Timeout = time.Minute
		job.Config.Scrape = scrape.Settings{Path: "/metrics", Blue: []string{server.URL}, Green: []string{server.URL}, Interval: time.Second, Timeout: time.Second}
		limit := 1e12
		job.Config.Gates = gate.Settings{
			Pack: gate.PackNone, FiveXX: gate.Attributable, Target: `up{slot="{{slot}}"}`,
			Metrics: gate.Metrics{
				Requests: "a", Duration: "b", Backlog: "c", Pool: "d", Workers: "e", Failed: "f", Processed: "g", Connecting: "h", Memory: "i", CPU: "j",
				Slot: "slot", Route: "route", Code: "code",
			},
			Rules: []gate.Rule{{Name: "jobs", Value: query, Window: 10 * time.Second, Pause: &gate.Threshold{Above: &limit}}},
		}
		l := look{job: job}
		seen, err := l.source().Look(t.Context())
		if want == "" && (err != nil || !strings.Contains(seen, "every rule can be measured")) || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %q, %v", query, seen, err)
		}
		if l.source().Name != "metrics" || strings.Contains(l.source().Remedy, "Prometheus") {
			t.Errorf("%+v", l.source())
		}
	}
}
