// Package metrics is what MailBlast tells Prometheus.
//
// It promises that a counter exists, at zero, before the first event, so that
// the first error can be seen as an increase, and that a number which is not
// known is NaN or absent, and never a plausible zero.
package metrics

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Route is a route of the server, counted under its pattern.
type Route struct {
	Pattern string // such as /api/campaigns/{id}
	Methods []string
}

// Other is the route of requests that match none.
const Other = "other"

// expected are the codes whose counters exist from the start.
var expected = []int{200, 500, 502, 503, 504}

// bounds hold the limits of the release gates exactly: 0.05, 0.2, 0.5 and 2.
var bounds = []float64{.0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 1.5, 2, 3, 5}

// HTTP measures requests.
type HTTP struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	total    prometheus.Counter
	errors   prometheus.Counter
	recent   *window
}

// NewHTTP registers the metrics of a server with these routes.
func NewHTTP(r prometheus.Registerer, routes []Route) *HTTP {
	h := &HTTP{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by route, code and method."}, []string{"route", "code", "method"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer a request, by route.", Buckets: bounds}, []string{"route"}),
		total: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "total_requests", Help: "Requests answered, except probes of /health and /metrics."}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "total_errors", Help: "Requests answered with 5xx, except probes."}),
		recent: newWindow(),
	}
	for _, route := range routes {
		h.seconds.WithLabelValues(route.Pattern)
		for _, method := range route.Methods {
			for _, code := range expected {
				h.requests.WithLabelValues(route.Pattern, strconv.Itoa(code), method)
			}
		}
	}
	r.MustRegister(h.requests, h.seconds, h.total, h.errors)
	r.MustRegister(h.gauges()...)
	return h
}

func (h *HTTP) gauges() []prometheus.Collector {
	quantile := func(name string, q float64) prometheus.Collector {
		return gauge(name, "Response time in the last minute, except probes; NaN without requests.",
			func() float64 { return h.recent.quantile(time.Now(), q) })
	}
	return []prometheus.Collector{
		gauge("average_response_time_ms", "Mean response time in the last minute, except probes; NaN without requests.",
			func() float64 { return h.recent.mean(time.Now()) }),
		quantile("p95_response_time_ms", 0.95),
		quantile("p99_response_time_ms", 0.99),
	}
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

// Observe counts one answered request.
func (h *HTTP) Observe(route, method string, code int, took time.Duration) {
	h.requests.WithLabelValues(route, strconv.Itoa(code), known(method)).Inc()
	h.seconds.WithLabelValues(route).Observe(took.Seconds())
	if probe(route) {
		return
	}
	h.total.Inc()
	if code >= 500 {
		h.errors.Inc()
	}
	h.recent.add(time.Now(), float64(took)/float64(time.Millisecond))
}

func probe(route string) bool {
	return route == "/metrics" || strings.HasPrefix(route, "/health")
}

// known keeps strangers from inventing label values.
func known(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return Other
}

var unknown = math.NaN()
