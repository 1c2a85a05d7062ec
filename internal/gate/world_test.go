package gate_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// world is a source whose facts a test sets. It knows three metrics, bad, all
// and gauge, and fails the test when it is asked for anything else.
type world struct {
	t  testing.TB
	mu sync.Mutex
	at time.Time

	bad, all, gauge []float64 // one value for each series; none is an empty answer
	targets         []float64 // of up
	age             time.Duration
	stale           bool // no present sample at all
	scrapes         []float64
	missing         string // a metric or label that no series has
	warning         string
	err             error
	asked           []string
}

// slotted is a rule's queries in the words of the world.
const (
	badQuery   = `sum(bad{slot="{{slot}}"}[{{window}}])`
	allQuery   = `sum(all{slot="{{slot}}"}[{{window}}])`
	gaugeQuery = `gauge`
)

func healthy(t testing.TB) *world {
	return &world{
		t: t, at: time.Unix(1_700_000_000, 0), bad: []float64{0}, all: []float64{10_000}, gauge: []float64{1},
		targets: []float64{1, 1}, scrapes: []float64{8},
	}
}

func (w *world) Query(_ context.Context, query string) (gate.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, query)
	if w.err != nil {
		return gate.Result{}, w.err
	}
	r := gate.Result{At: w.at}
	if w.warning != "" {
		r.Warnings = []string{w.warning}
	}
	for i, v := range w.answer(query) {
		r.Series = append(r.Series, gate.Series{Labels: map[string]string{"instance": fmt.Sprint(i)}, Value: v, At: w.at})
	}
	return r, nil
}

func (w *world) answer(query string) []float64 {
	switch {
	case query == "time()":
		return []float64{float64(w.at.Unix())}
	case strings.HasPrefix(query, "max(timestamp(") && w.stale:
		return nil
	case strings.HasPrefix(query, "max(timestamp("):
		return []float64{float64(w.at.Add(-w.age).UnixMilli()) / 1000}
	case strings.HasPrefix(query, "min(sum_over_time(up"):
		return w.scrapes
	case strings.HasPrefix(query, "count("):
		if w.missing != "" && strings.Contains(query, w.missing) {
			return nil
		}
		return []float64{1}
	}
	for name, series := range map[string][]float64{"up{": w.targets, "bad{": w.bad, "all{": w.all, "gauge": w.gauge} {
		if strings.Contains(query, name) {
			return series
		}
	}
	w.t.Errorf("asked %s", query)
	return nil
}

// pass lets time go by, by the world's clock.
func (w *world) pass(d time.Duration) { w.at = w.at.Add(d) }

var pace = gate.Pace{Scrape: 15 * time.Second, Tick: 15 * time.Second}

// bare is settings without the pack.
func bare(rules ...gate.Rule) gate.Settings {
	return gate.Settings{Pack: gate.PackNone, FiveXX: gate.Attributable, Target: `up{slot="{{slot}}"}`, Metrics: names, Rules: rules}
}

var names = gate.Metrics{
	Requests: "http_requests_total", Duration: "http_request_duration_seconds", Backlog: "queue_backlog",
	Pool: "db_connection_pool_usage", Workers: "workers_running", Failed: "worker_failed_total",
	Processed: "worker_processed_total", Connecting: "db_connection_failures_total", Memory: "memory_usage", CPU: "cpu_usage",
	Slot: "slot", Route: "route", Code: "code", Probes: "/health.*|/metrics",
}

func watching(t testing.TB, s gate.Settings, w gate.Source) *gate.Watch {
	t.Helper()
	watch, err := gate.New(s, w, pace, 3)
	if err != nil {
		t.Fatal(err)
	}
	return watch
}

// baking is a step that is ten minutes old.
func baking() gate.Moment { return young(10 * time.Minute) }

func young(age time.Duration) gate.Moment {
	return gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 10, StepStarted: time.Now().Add(-age)}
}

func limit(v float64) *float64 { return &v }

func atLeast(v float64) *gate.Threshold { return &gate.Threshold{AtLeast: &v} }
func above(v float64) *gate.Threshold   { return &gate.Threshold{Above: &v} }
func below(v float64) *gate.Threshold   { return &gate.Threshold{Below: &v} }

var (
	nan = []float64{math.NaN()}
	inf = []float64{math.Inf(1)}
)
