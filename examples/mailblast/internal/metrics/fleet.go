package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

// Queue is what can be seen of the queue and the workers.
type Queue interface {
	Depths(ctx context.Context) (queue.Depths, error)
	Members(ctx context.Context, slot string) ([]queue.Member, error)
	Totals(ctx context.Context, slot string) (queue.Totals, error)
}

// look is how long a scrape may wait for Redis.
const look = time.Second

// Fleet exports the queue and the workers of one slot, who listen on no port
// and publish their numbers in Redis. Without Redis its counters are absent
// and its gauges NaN.
type Fleet struct {
	queue Queue
	slot  string
}

// NewFleet returns a collector for the workers of a slot.
func NewFleet(q Queue, slot string) *Fleet { return &Fleet{queue: q, slot: slot} }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	up         = describe("redis_up", "1 when Redis answered this scrape, else 0.")
	backlog    = describe("queue_backlog", "Jobs that wait in the shared queue.")
	processing = describe("queue_processing", "Jobs in the hands of workers of both slots.")
	delayed    = describe("queue_delayed", "Jobs that wait for their next attempt.")
	parked     = describe("queue_parked", "Jobs that no worker knew.")
	given      = describe("queue_failed", "Jobs that were given up.")

	sent      = describe("emails_sent", "Mails handed to the mail server by the slot's workers: delivered and bounced.")
	delivered = describe("emails_delivered", "Mails that the mail server took.")
	bounced   = describe("emails_bounced", "Mails that the mail server refused for good.")
	failed    = describe("emails_failed", "Messages given up after the last attempt.")

	running    = describe("workers_running", "Workers of the slot with a heartbeat.")
	throughput = describe("worker_throughput", "Mails settled by the slot's workers in the last minute.")
	cpu        = describe("worker_cpu_percent", "CPU of the slot's busiest worker, 100 is one core; NaN without workers.")
	memory     = describe("worker_memory_mb", "Memory of the slot's largest worker in MiB; NaN without workers.")
	done       = describe("worker_processed_total", "Mails settled by a worker since it started.", "worker")
	bad        = describe("worker_failed_total", "Attempts of a worker that failed since it started.", "worker")
)

// Describe lists the metrics.
func (f *Fleet) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, backlog, processing, delayed, parked, given, sent, delivered, bounced,
		failed, running, throughput, cpu, memory, done, bad} {
		ch <- d
	}
}

// Collect asks Redis.
func (f *Fleet) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), look)
	defer cancel()
	depths, err := f.queue.Depths(ctx)
	members, err2 := f.queue.Members(ctx, f.slot)
	totals, err3 := f.queue.Totals(ctx, f.slot)
	send := sender(ch)
	if err != nil || err2 != nil || err3 != nil {
		send.gauge(up, 0)
		for _, d := range []*prometheus.Desc{backlog, processing, delayed, parked, given, running, throughput, cpu, memory} {
			send.gauge(d, unknown)
		}
		return
	}
	send.gauge(up, 1)
	send.depths(depths)
	send.totals(totals)
	send.members(members)
}

// sender writes constant metrics.
type sender chan<- prometheus.Metric

func (s sender) gauge(d *prometheus.Desc, v float64) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
}

func (s sender) counter(d *prometheus.Desc, v int64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (s sender) depths(d queue.Depths) {
	s.gauge(backlog, float64(d.Waiting))
	s.gauge(processing, float64(d.Processing))
	s.gauge(delayed, float64(d.Delayed))
	s.gauge(parked, float64(d.Parked))
	s.gauge(given, float64(d.Failed))
}

func (s sender) totals(t queue.Totals) {
	s.counter(sent, t.Delivered+t.Bounced)
	s.counter(delivered, t.Delivered)
	s.counter(bounced, t.Bounced)
	s.counter(failed, t.Failed)
}

func (s sender) members(members []queue.Member) {
	rate, busiest, largest := int64(0), unknown, unknown
	for i, m := range members {
		s.counter(done, m.Processed, m.ID)
		s.counter(bad, m.Failed, m.ID)
		rate += m.PerMinute
		if i == 0 {
			busiest, largest = m.CPUPercent, m.MemoryMB
		}
		busiest, largest = max(busiest, m.CPUPercent), max(largest, m.MemoryMB)
	}
	s.gauge(running, float64(len(members)))
	s.gauge(throughput, float64(rate))
	s.gauge(cpu, busiest)
	s.gauge(memory, largest)
}
