package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Build registers what the process is, and the usual metrics of a Go process.
func Build(r prometheus.Registerer, slot, version string) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "mailblast_build_info", Help: "Always 1; its labels say what runs.",
		ConstLabels: prometheus.Labels{"slot": slot, "version": version}})
	info.Set(1)
	System(r)
	r.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Pool exports how much of the database's pool is in use, 0 to 1, and how many
// connections could not be made.
func Pool(r prometheus.Registerer, usage, failures func() float64) {
	r.MustRegister(
		gauge("db_connection_pool_usage", "Share of the pool's connections that are in use, 0 to 1.", usage),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "db_connection_failures_total", Help: "Connections to the database that could not be made."}, failures),
	)
}

// Cache counts look-ups of a cache.
type Cache struct{ hits, misses atomic.Int64 }

// NewCache registers the share of look-ups that the cache answered.
func NewCache(r prometheus.Registerer) *Cache {
	c := &Cache{}
	r.MustRegister(gauge("cache_hit_rate", "Share of campaign reports answered from memory, 0 to 1; NaN before the first.", c.rate))
	return c
}

// Hit counts an answer from the cache.
func (c *Cache) Hit() { c.hits.Add(1) }

// Miss counts an answer from elsewhere.
func (c *Cache) Miss() { c.misses.Add(1) }

func (c *Cache) rate() float64 {
	hits, misses := c.hits.Load(), c.misses.Load()
	if hits+misses == 0 {
		return unknown
	}
	return float64(hits) / float64(hits+misses)
}
