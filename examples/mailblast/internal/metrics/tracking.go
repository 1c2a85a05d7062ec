package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// Tracking counts what becomes of tracking events.
type Tracking struct {
	opens, clicks, dropped prometheus.Counter
	held                   prometheus.Gauge
}

// NewTracking registers the metrics of tracking.
func NewTracking(r prometheus.Registerer) *Tracking {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	t := &Tracking{
		opens:   counter("opens_tracked", "Messages whose first opening was written."),
		clicks:  counter("clicks_tracked", "Messages whose first click was written."),
		dropped: counter("tracking_events_dropped_total", "Events that found no room, neither in memory nor in Redis."),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tracking_events_held", Help: "Events in memory that are not yet written."}),
	}
	r.MustRegister(t.opens, t.clicks, t.dropped, t.held)
	return t
}

// Stored counts events that were the first of their message.
func (t *Tracking) Stored(kind tracking.Kind, n int) {
	switch kind {
	case tracking.Open:
		t.opens.Add(float64(n))
	case tracking.Click:
		t.clicks.Add(float64(n))
	}
}

// Dropped counts lost events.
func (t *Tracking) Dropped(n int) { t.dropped.Add(float64(n)) }

// Held says how many events are in memory.
func (t *Tracking) Held(n int) { t.held.Set(float64(n)) }
