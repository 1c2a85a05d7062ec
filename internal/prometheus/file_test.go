package prometheus_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// named is the metrics as they are called by default.
var named = gate.Metrics{
	Requests: "http_requests_total", Duration: "http_request_duration_seconds", Backlog: "queue_backlog", Pool: "db_connection_pool_usage",
	Workers: "workers_running", Failed: "worker_failed_total", Processed: "worker_processed_total", Connecting: "db_connection_failures_total",
	Memory: "memory_usage", CPU: "cpu_usage", Slot: "slot", Route: "route", Code: "code", Probes: "/health.*|/metrics", Matchers: map[string]string{"env": `a"b`},
}

// ruleFile writes the rules, and tells where.
func ruleFile(t *testing.T, s gate.Settings) string {
	t.Helper()
	alerts, err := s.Alerts()
	if err != nil {
		t.Fatal(err)
	}
	text, err := prometheus.RuleFile("shop", alerts)
	if err != nil {
		t.Fatal(err)
	}
	return put(t, "alerts.yml", string(text))
}

func put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := process.Output(ctx, process.Command{Path: "promtool", Args: args})
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Prometheus itself loads the rules, and they are the plan's, but for those about what
// an application has metrics of its own for.
func TestTheWrittenAlertsAreThePlans(t *testing.T) {
	t.Parallel()
	file := ruleFile(t, gate.Settings{Metrics: named})
	promtool(t, "check", "rules", file)
	server, err := prometheus.New(settings(lab.Prometheus(t, fmt.Sprintf("global: {evaluation_interval: 1s}\nrule_files: [%q]\n", file)).URL))
	if err != nil {
		t.Fatal(err)
	}
	own := "5.1.t3 5.1.t4 5.1.a1 5.1.a2 5.1.a3 5.3.w4 5.5.a1 5.5.a2 5.5.a3"
	for got := ""; got != own; time.Sleep(200 * time.Millisecond) { // until each has been evaluated once
		rules, err := server.AlertRules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got = strings.Join(preflight.ShowAlerts(rules, nil, new(release.Findings)), " "); len(got) < len(own) {
			t.Fatalf("without a rule: %s, want %s", got, own)
		}
	}
}

// What each tells of, and what it keeps still about.
func TestTheWrittenAlertsTellOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := ruleFile(t, gate.Settings{Metrics: named})
	labels := `env=\"a\\\"b\",slot=\"green\"`
	well := map[string]string{
		`http_requests_total{` + labels + `,route=\"/\",code=\"200\"}`:                 "0+100x30",
		`http_requests_total{` + labels + `,route=\"/health\",code=\"500\"}`:           "0+100x30",
		`http_request_duration_seconds_bucket{` + labels + `,route=\"/\",le=\"0.2\"}`:  "0+96x30",
		`http_request_duration_seconds_bucket{` + labels + `,route=\"/\",le=\"0.5\"}`:  "0+98x30",
		`http_request_duration_seconds_bucket{` + labels + `,route=\"/\",le=\"2\"}`:    "0+99x30",
		`http_request_duration_seconds_bucket{` + labels + `,route=\"/\",le=\"+Inf\"}`: "0+100x30",
		`workers_running{` + labels + `}`:                                              "1x30",
		`workers_running{env=\"a\\\"b\",slot=\"blue\"}`:                                "0x30",
		`queue_backlog{env=\"a\\\"b\"}`:                                                "1000x30",
		`db_connection_pool_usage{` + labels + `}`:                                     "0.95x30",
		`memory_usage{` + labels + `}`:                                                 "0.8x30",
	}
	tests := map[string]struct {
		change map[string]string // series, and their values; none takes one away
		fires  string
	}{
		"all is well":   {nil, ""},
		"nobody asks":   {map[string]string{"http_requests_total": "0x30", "http_request_duration": "0x30"}, ""},
		"errors":        {map[string]string{`http_requests_total{` + labels + `,route=\"/\",code=\"503\"}`: "0+2x30"}, "HighErrorRate ElevatedErrors"},
		"slow":          {map[string]string{`le=\"0.2\"`: "0+94x30"}, "ElevatedLatency"},
		"slower":        {map[string]string{`le=\"0.2\"`: "0+9x30", `le=\"0.5\"`: "0+94x30"}, "HighLatency ElevatedLatency"},
		"very slow":     {map[string]string{`le=\"0.2\"`: "0+9x30", `le=\"0.5\"`: "0+9x30", `le=\"2\"`: "0+94x30"}, "VeryHighLatency HighLatency ElevatedLatency"},
		"no worker":     {map[string]string{"workers_running": "0x30"}, "WorkersDown"},
		"none measured": {map[string]string{"workers_running": "", "queue_backlog": ""}, "WorkersDown BacklogTooLong"},
		"jobs wait":     {map[string]string{"queue_backlog": "1001x30"}, "WorkerLag"},
		"too many wait": {map[string]string{"queue_backlog": "10001x30"}, "BacklogTooLong WorkerLag"},
		"connections":   {map[string]string{"db_connection_pool": "0.96x30"}, "DatabasePoolExhausted"},
		"memory":        {map[string]string{"memory_usage": "0.81x30"}, "HighMemory"},
	}
	all := "HighErrorRate ElevatedErrors VeryHighLatency HighLatency ElevatedLatency WorkersDown BacklogTooLong WorkerLag DatabasePoolExhausted HighMemory"
	var text strings.Builder
	fmt.Fprintf(&text, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n", file)
	for name, tt := range tests {
		fmt.Fprintf(&text, "  - name: %s\n    interval: 1m\n    input_series:\n", name)
		for series, values := range changed(well, tt.change) {
			fmt.Fprintf(&text, "      - { series: \"%s\", values: %q }\n", series, values)
		}
		fmt.Fprint(&text, "    promql_expr_test:\n")
		for alert := range strings.FieldsSeq(all) {
			want := "[]"
			if strings.Contains(" "+tt.fires+" ", " "+alert+" ") {
				want = "[{ value: 1, labels: '{}' }]"
			}
			fmt.Fprintf(&text, "      - { expr: 'count(ALERTS{alertname=\"%s\",alertstate=\"firing\"}) > 0', eval_time: 28m, exp_samples: %s }\n", alert, want)
		}
	}
	promtool(t, "test", "rules", put(t, "test.yml", text.String()))
}

// changed is series with other values where a part of their name is named.
func changed(series, change map[string]string) map[string]string {
	all := map[string]string{}
	for name, values := range series {
		all[name] = values
	}
	for part, values := range change {
		if strings.HasPrefix(part, "http_requests_total{") {
			all[part] = values
		}
		for name := range series {
			if strings.Contains(name, part) {
				all[name] = values
			}
		}
	}
	for name, values := range all {
		if values == "" {
			delete(all, name)
		}
	}
	return all
}

func TestTheWrittenAlertsLeaveOutWhatIsNotMeasured(t *testing.T) {
	t.Parallel()
	file := ruleFile(t, gate.Settings{Metrics: named, Skip: []string{gate.RuleWorkers, gate.RuleWorkerLag, gate.RulePool}})
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), "workers_running") || strings.Contains(string(text), "queue_backlog") || !strings.Contains(string(text), "5.3.c1") {
		t.Errorf("%v\n%s", err, text)
	}
}

// The targets are those that Prometheus itself then has.
func TestTheWrittenTargetsAreScraped(t *testing.T) {
	t.Parallel()
	text, err := prometheus.ScrapeFile([]prometheus.Target{
		{Job: "shop-web", URL: "http://127.0.0.1:1/metrics", Labels: map[string]string{"slot": "blue", "job": "mine"}},
		{Job: "shop-web", URL: "http://127.0.0.1:2/metrics", Labels: map[string]string{"slot": "green", "job": "mine"}},
		{Job: "shop-api", URL: "https://[::1]:3/x", Labels: map[string]string{"slot": "blue"}},
	}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "config", "--syntax-only", put(t, "prometheus.yml", string(text)))
	server, err := prometheus.New(settings(lab.Prometheus(t, string(text)).URL))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 3; time.Sleep(200 * time.Millisecond) {
		result, err := server.Query(t.Context(), `up{slot="blue",job="mine",instance="127.0.0.1:1"} or up{slot="green",job="mine",instance="127.0.0.1:2"} or up{slot="blue",job="shop-api",instance="[::1]:3"}`)
		if err != nil {
			t.Fatal(err)
		}
		n = len(result.Series)
	}
	if _, err := prometheus.ScrapeFile([]prometheus.Target{{URL: "web:80"}}, time.Second); err == nil {
		t.Error("an address without a host was accepted")
	}
}
