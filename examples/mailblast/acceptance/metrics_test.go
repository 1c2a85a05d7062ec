package acceptance_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

// metrics returns all series of /metrics by their text.
func (b server) metrics() map[string]float64 {
	b.t.Helper()
	values := map[string]float64{}
	for line := range strings.Lines(b.want(200, "GET", "/metrics", "").body) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(line, "#") {
			values[series] = v
		}
	}
	return values
}

func TestEveryMetricExistsBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	b := newSystem(t, &lab.Mailbox{}).backend("green")
	m := b.metrics()
	for _, name := range []string{
		"total_requests", "total_errors", "opens_tracked", "clicks_tracked", "emails_sent", "emails_delivered", "emails_bounced",
		"worker_throughput", "queue_backlog", "db_connection_failures_total", "workers_running",
		`http_requests_total{code="500",method="GET",route="/api/campaigns"}`,
		`http_requests_total{code="500",method="HEAD",route="/track/open/{message}"}`,
		`http_request_duration_seconds_bucket{route="/api/campaigns",le="0.2"}`,
		`http_request_duration_seconds_bucket{route="/api/campaigns",le="0.5"}`,
		`http_request_duration_seconds_bucket{route="/api/campaigns",le="5"}`,
	} {
		if v, ok := m[name]; !ok || v != 0 {
			t.Errorf("%s: got %v, there: %v; want 0", name, v, ok)
		}
	}
	for _, name := range []string{
		"average_response_time_ms", "p95_response_time_ms", "p99_response_time_ms", "cache_hit_rate",
		"worker_cpu_percent", "worker_memory_mb",
	} {
		if v, ok := m[name]; !ok || !math.IsNaN(v) {
			t.Errorf("%s: got %v, there: %v; want NaN: nothing is known yet", name, v, ok)
		}
	}
	if _, ok := m["db_connection_pool_usage"]; !ok {
		t.Error("db_connection_pool_usage is not there")
	}
	lab.Eventually(t, "nothing uses the database", func() bool { return b.metrics()["db_connection_pool_usage"] == 0 }) // a check of health may
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green")
	s.worker("green", "w1")
	id := b.campaign()
	for range 4 {
		b.report(id)
	}
	b.want(404, "GET", "/api/campaigns/none", "")
	b.want(404, "GET", "/nowhere", "")
	m := b.metrics()
	for name, want := range map[string]float64{
		`http_requests_total{code="201",method="POST",route="/api/campaigns"}`:     1,
		`http_requests_total{code="200",method="GET",route="/api/campaigns/{id}"}`: 4,
		`http_requests_total{code="404",method="GET",route="/api/campaigns/{id}"}`: 1,
		`http_requests_total{code="404",method="GET",route="other"}`:               1,
		"total_requests": 7, "total_errors": 0, "redis_up": 1,
		`mailblast_build_info{slot="green",version="v1.0.0"}`: 1,
	} {
		if m[name] != want {
			t.Errorf("%s: got %v, want %v", name, m[name], want)
		}
	}
	if m[`http_requests_total{code="200",method="GET",route="/health/live"}`] == 0 {
		t.Error("probes are not counted under their own route")
	}
	if r := m["cache_hit_rate"]; r <= 0 || r >= 1 {
		t.Errorf("cache_hit_rate: %v", r)
	}
	if v := m["p95_response_time_ms"]; !(v > 0) || !(m["worker_memory_mb"] > 1) {
		t.Errorf("p95_response_time_ms %v, worker_memory_mb %v", v, m["worker_memory_mb"])
	}

	s.redis.Cut()
	m = b.metrics()
	if v, ok := m["queue_backlog"]; !ok || !math.IsNaN(v) || m["redis_up"] != 0 {
		t.Errorf("without Redis: queue_backlog %v, redis_up %v", v, m["redis_up"])
	}
	if _, ok := m["emails_sent"]; ok {
		t.Error("without Redis emails_sent has a value")
	}
}
