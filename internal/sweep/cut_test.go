package sweep_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The tests of this file cut off from a shift at 50 % what it needs, and it lives on.

// It waits for the real 50 s in which a lease is not renewed.
func TestAShiftWhoseRedisIsCutStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cable := newCable(t, r.order.Redis)
	r.load(t)
	c := r.atHalf(t, func(o *order) { o.Redis = cable.url })
	cable.cut()
	c.ends(t, "its store does not answer: not renewed for")
	r.stands(t, 50)
	r.row(t, "a living shift cannot reach Redis", "it stops after 50 s and touches nothing", 50)
	guard := r.start(t, func(o *order) { o.Guard = true })
	guard.end(t)
	r.stands(t, 0)
	r.row(t, "the same, with a guard that can", "it takes the traffic back when the lease has expired", 0)
	r.leave(t)
}

// It waits for the real minute that the lease had left.
func TestAGuardWhoseStoreForgetsTakesTheTrafficBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	c := r.atHalf(t, forward)
	guard := r.start(t, func(o *order) { o.Guard = true })
	guard.says(t, "the lease is held")
	c.signal(syscall.SIGKILL)
	<-c.Done()
	must(t, r.redis.Del(t.Context(), "bluegreen:lease:"+r.order.Application).Err())
	guard.end(t)
	r.stands(t, 0)
	r.row(t, "Redis has lost the lease, and the runner is lost", "the guard takes the traffic back when the lease would have expired", 0)
	r.leave(t)
}

func TestAGuardLeavesTheTrafficWhereTheGoodSlotIsDead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	r.half(t)
	guard := r.start(t, func(o *order) { o.Guard, o.Sick = true, "blue" })
	guard.ends(t, "the weights stay as they are")
	r.stands(t, 50)
	r.row(t, "the runner is lost, and the good slot is dead", "the guard refuses, and says how both slots are", 50)
	r.leave(t)
}

// away are the two ways in which a server can be gone.
var away = map[string]func(*cable){"cannot be reached": (*cable).cut, "does not answer": (*cable).silence}

// eachWay is a test of its own, on a rig of its own.
func eachWay(t *testing.T, server func(*rig) string, test func(t *testing.T, r *rig, way string, cable *cable)) {
	t.Parallel()
	for way := range away {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.load(t)
			test(t, r, way, newCable(t, server(r)))
			r.leave(t)
		})
	}
}

// The files that move the traffic are on this host; what is cut is the way on which
// the split is counted.
func TestAShiftWhoseBalancerIsCutGoesBack(t *testing.T) {
	eachWay(t, func(r *rig) string { return r.server.URL }, func(t *testing.T, r *rig, way string, cable *cable) {
		const write = "before set green 100%"
		woken := filepath.Join(t.TempDir(), "woken")
		c := r.reaches(t, stands+write, func(o *order) { o.First, o.Nginx.URL, o.StillAt, o.Woken = 50, cable.url, write, woken })
		away[way](cable)
		must(t, os.WriteFile(woken, nil, 0o644))
		c.ends(t, "is not proven")
		r.stands(t, 0)
		r.row(t, "the balancer "+way+" when a step is counted", "the shift goes back, and says that this is not proven", 0)
	})
}

func TestAShiftWhosePrometheusIsCutGoesBack(t *testing.T) {
	server := lab.Prometheus(t, `
global: {scrape_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:{{.Port}}"]}]}]
`)
	eachWay(t, func(*rig) string { return server.URL }, func(t *testing.T, r *rig, way string, cable *cable) {
		c := r.atHalf(t, func(o *order) { o.Prometheus, o.Patience = cable.url, 10*time.Second })
		away[way](cable)
		c.ends(t, "longer than max-pause")
		r.stands(t, 0)
		r.row(t, "Prometheus "+way, "the shift holds, and goes back after max-pause", 0)
	})
}

func TestAShiftWhoseGitHubIsCutHolds(t *testing.T) {
	url, err := githubtest.New(githubtest.State{Repository: "acme/app", Runs: []githubtest.Run{{ID: run, Attempt: 1}}}).Listen(t.Context())
	must(t, err)
	eachWay(t, func(*rig) string { return url }, func(t *testing.T, r *rig, way string, cable *cable) {
		c := r.reaches(t, "waits for the role", func(o *order) { o.First, o.GitHub, o.Patience = 50, cable.url, time.Minute })
		away[way](cable)
		c.ends(t, "held at 50%")
		r.stands(t, 50)
		r.row(t, "GitHub "+way+" while a step waits for an approval", "the shift holds the weight", 50)
	})
}

// ends waits for the end of a child that has not done what it was to do, and says why.
func (c child) ends(t *testing.T, why string) {
	t.Helper()
	if !c.refused(t) || !strings.Contains(c.Wait().Error(), why) {
		t.Errorf("want %q, got %v", why, c.Wait())
	}
}

// measured are the gates of a child that asks a real Prometheus.
func measured(url string) (traffic.Gates, error) {
	source, err := prometheus.New(prometheus.Settings{URL: url, Timeout: 5 * time.Second, ScrapeInterval: time.Second})
	if err != nil {
		return nil, err
	}
	one := 1.0
	return gate.New(gate.Settings{
		Pack: gate.PackNone, FiveXX: gate.Strict,
		Metrics: gate.Metrics{
			Requests: "a", Duration: "b", Backlog: "c", Pool: "d", Workers: "e", Failed: "f", Processed: "g", Connecting: "h", Memory: "i", CPU: "j", Slot: "slot", Route: "route", Code: "code",
		},
		Rules: []gate.Rule{{Name: "up", Value: `min(up{job="self"})`, Window: time.Minute, MinSamples: 1, StaleAfter: time.Minute, Pause: &gate.Threshold{Below: &one}}},
	}, source, gate.Pace{Scrape: time.Second, Tick: time.Second}, 3)
}

// run is the run of a workflow whose history has the approvals.
const run = 77

// people approve in the history of a run at GitHub, in which nobody ever does.
type people struct{ hub *github.Repository }

func (people) Check(context.Context, string, bool) error { return nil }

func (p people) Approval(ctx context.Context, _ string) (traffic.Approval, error) {
	decisions, err := p.hub.Decisions(ctx, run)
	if err == nil && len(decisions) > 0 {
		err = errors.New("somebody has decided")
	}
	return traffic.Approval{}, err
}
