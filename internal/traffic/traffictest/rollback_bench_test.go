package traffictest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// mover moves all the traffic to a slot.
type mover func(ctx context.Context, to release.Slot) error

// contender is one way to move the traffic. open starts what it needs before the
// two addresses.
type contender struct {
	name string // of the metrics: no blanks
	open func(b *testing.B, blue, green string) contest
	bar  time.Duration // of 99 rollbacks in 100, without a request lost; 0 where that is not promised
}

// contest is a contender that runs.
type contest struct {
	url    string // where the clients go
	move   mover
	router traffic.Router // of ours; nil for what knows all or nothing
}

var contenders = []contender{
	{"nginx-switch", openSwitch, 50 * time.Millisecond},
	{"haproxy", openHAProxy, 0},
	{"nginx-reload", openReload(""), 0},
	{"reload-closing", openReload("keepalive_timeout 0;"), 0},
	{"plan-script", openPlan, 0},
	{"caddy", openCaddy, 0},
}

// BenchmarkRollback compares the ways back: 200 rollbacks each at 1,000 requests
// a second, GET and POST, on kept and on new connections, by a client that never
// retries. What counts is the time from the decision to the start of the last
// request that the slot which was left still answered. One that does less than it
// promises fails.
func BenchmarkRollback(b *testing.B) {
	fmt.Print("\nmilliseconds from the decision to the last request started that the slot which was left answered\n") // a benchmark's log ends after ten lines
	fmt.Printf(line, "200 rollbacks", "p50", "p99", "worst", "written", "lost GET", "lost POST", "sent", "")
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.compete(b)
			}
		})
	}
}

const line = "%-14s %8s %8s %8s %9s %9s %9s %8s  %s\n"

func (c contender) compete(b *testing.B) {
	b.Helper()
	toll := c.measure(b)
	back := toll.To(release.Blue)
	get, post := toll.Lost(method(http.MethodGet)), toll.Lost(method(http.MethodPost))
	fmt.Printf(line, c.name, ms(back.Last.Rank(50)), ms(back.Last.Rank(99)), ms(back.Last.Rank(100)),
		ms(back.Written.Rank(50)), fmt.Sprint(get), fmt.Sprint(post), fmt.Sprint(toll.Report.Sent()), toll.Kinds())
	b.ReportMetric(float64(back.Last.Rank(99).Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(get+post), "lost")
	if p99 := back.Last.Rank(99); c.bar > 0 && (p99 > c.bar || get+post > 0) {
		b.Errorf("%s: 99 of 100 rollbacks within %v, %d requests lost: want %v, and none", c.name, p99, get+post, c.bar)
	}
}

// BenchmarkShares counts the clients at 1, 10 and 50 %, 10,000 each.
func BenchmarkShares(b *testing.B) {
	for b.Loop() {
		for _, c := range contenders {
			running := c.start(b)
			if running.router == nil {
				continue
			}
			for _, w := range []release.Weight{1, 10, 50} {
				must(b, running.router.Set(b.Context(), release.Green, w, 1))
				share, err := traffictest.CountClients(b.Context(), running.url, 10_000, 1000)
				must(b, err)
				fmt.Printf("%s: asked for %v, observed %s\n", c.name, w, share.Shown(release.Green))
			}
		}
	}
}

func (c contender) measure(b *testing.B) traffictest.Toll {
	b.Helper()
	running := c.start(b)
	return traffictest.Flips{URL: running.url, Count: 200, Rate: 1000, Gap: 300 * time.Millisecond}.Run(b, running.move)
}

func (c contender) start(b *testing.B) contest {
	b.Helper()
	slots := traffictest.NewSlots(b)
	return c.open(b, slots.Serve("web", release.Blue), slots.Serve("web", release.Green))
}

func method(name string) func(openloop.Sample) bool {
	return func(s openloop.Sample) bool { return s.Method == name }
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
