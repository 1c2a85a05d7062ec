package prometheus_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// exporter is a slot of the sample application, as its metrics show it.
type exporter struct {
	*httptest.Server
	mu     sync.Mutex
	values map[string]float64
	served bool // requests keep coming in
	broken bool // it answers no scrape
}

func newExporter(t *testing.T) *exporter {
	e := &exporter{values: map[string]float64{"queue_backlog": 3, "db_connection_pool_usage": 0.2, "workers_running": 2, "worker_failed_total": 0}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	stop := make(chan struct{})
	done := make(chan struct{})
	go e.work(stop, done)
	t.Cleanup(func() { close(stop); <-done })
	return e
}

// work answers 100 requests a second while they keep coming in, also where a slow
// machine lets a tick out.
func (e *exporter) work(stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
			now := time.Now()
			if e.mu.Lock(); e.served {
				e.answer(math.Round(100 * now.Sub(last).Seconds()))
			}
			e.mu.Unlock()
			last = now
		}
	}
}

func (e *exporter) answer(n float64) {
	e.values[`http_requests_total{route="/api",code="200"}`] += n
	for _, le := range []string{"0.2", "0.5", "2", "+Inf"} {
		e.values[`http_request_duration_seconds_bucket{le="`+le+`"}`] += n
	}
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	e.values[`http_requests_total{route="/health",code="200"}`]++ // and nothing else may count as traffic
	for name, v := range e.values {
		fmt.Fprintf(w, "%s %g\n", name, v)
	}
}

// do changes the exporter between two scrapes.
func (e *exporter) do(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
}

// scene is both slots under load, scraped each second by a Prometheus.
type scene struct {
	t           *testing.T
	blue, green *exporter
	server      *lab.Server
	source      *prometheus.Server
	last        *gate.Decision // for the message of a test that fails
}

func newScene(t *testing.T) scene { return newSceneEvery(t, time.Second) }

// newSceneEvery is scraped as often as that.
func newSceneEvery(t *testing.T, interval time.Duration) scene {
	s := scene{t: t, blue: newExporter(t), green: newExporter(t), last: new(gate.Decision)}
	host := func(e *exporter) string { return strings.TrimPrefix(e.URL, "http://") }
	s.server = lab.Prometheus(t, fmt.Sprintf(`
global: {scrape_interval: %v, scrape_timeout: 1s}
scrape_configs:
- job_name: app
  static_configs:
  - {targets: ["%s"], labels: {slot: blue}}
  - {targets: ["%s"], labels: {slot: green}}
`, interval, host(s.blue), host(s.green)))
	source, err := prometheus.New(settings(s.server.URL))
	if err != nil {
		t.Fatal(err)
	}
	s.source = source
	s.blue.do(func() { s.blue.served = true; s.blue.answer(5000) })
	s.green.do(func() { s.green.served = true; s.green.answer(100) })
	return s
}

// patience is for a machine with a lot else to do.
const patience = 3 * time.Minute

// until asks again each half second until want holds.
func (s scene) until(what string, want func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !want(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(end) {
			for _, r := range s.last.Readings {
				s.t.Logf("%s: %v(%s): %s", r.Rule, r.Verdict, r.Code, r.Reason)
			}
			s.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// number is the value of a query, and whether it has one.
func (s scene) number(query string) (float64, bool) {
	s.t.Helper()
	r, err := s.source.Query(s.t.Context(), query)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(r.Series) == 0 {
		return 0, false
	}
	return r.Series[0].Value, true
}

func (s scene) watch(change func(*gate.Settings)) *gate.Watch {
	s.t.Helper()
	return s.watchOn(s.source, change)
}

func (s scene) watchOn(source gate.Source, change func(*gate.Settings)) *gate.Watch {
	s.t.Helper()
	return s.watchAt(source, gate.Pace{Scrape: time.Second, Tick: time.Second}, change)
}

func (s scene) watchAt(source gate.Source, pace gate.Pace, change func(*gate.Settings)) *gate.Watch {
	s.t.Helper()
	set := gate.Settings{
		Pack: gate.PackPlan, FiveXX: gate.Attributable, Target: `up{slot="{{slot}}"}`,
		Metrics: gate.Metrics{
			Requests: "http_requests_total", Duration: "http_request_duration_seconds", Backlog: "queue_backlog",
			Pool: "db_connection_pool_usage", Workers: "workers_running", Failed: "worker_failed_total",
			Processed: "worker_processed_total", Connecting: "db_connection_failures_total", Memory: "memory_usage", CPU: "cpu_usage",
			Slot: "slot", Route: "route", Code: "code", Probes: "/health.*|/metrics",
		},
		MinSamples: map[string]int{gate.RuleErrorRate: 300, gate.RuleErrorRateHigh: 300, gate.RuleP95: 300, gate.RuleP95High: 300, gate.RuleP99: 300},
	}
	change(&set)
	w, err := gate.New(set, source, pace, 3)
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

// step begins now, at 10 %.
func step() gate.Moment {
	return gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 10, StepStarted: time.Now()}
}

func (s scene) evaluate(w *gate.Watch, m gate.Moment) gate.Decision {
	*s.last = w.Evaluate(s.t.Context(), m)
	return *s.last
}

// reading is that of one rule.
func (s scene) reading(w *gate.Watch, m gate.Moment, rule string) gate.Reading {
	s.t.Helper()
	d := s.evaluate(w, m)
	i := slices.IndexFunc(d.Readings, func(r gate.Reading) bool { return r.Rule == rule })
	if i < 0 {
		s.t.Fatalf("no rule %s", rule)
	}
	return d.Readings[i]
}
