package alb_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// delays is when each node hears of a change.
var delays = []time.Duration{0, 300 * time.Millisecond, 900 * time.Millisecond}

func TestACountWaitsUntilAllNodesKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{Nodes: delays})
	w.settings.Propagation = time.Minute
	s := w.open(t)
	for i, weight := range []release.Weight{50, 100, 10, 0} {
		begin := time.Now()
		must(t, s.Set(t.Context(), release.Green, weight, traffic.Token(i+1)))
		written := time.Since(begin)
		share, err := s.Observe(t.Context(), 500)
		must(t, err)
		if want := release.Split(release.Green, weight); !share.Fits(want) {
			t.Errorf("counted %v, want %v", share, want)
		}
		t.Logf("%v: taken after %v, observed after %v", weight, written, time.Since(begin))
	}
	share, err := s.Observe(t.Context(), 50)
	must(t, err)
	equal(t, "green", share.Green, 0)
}

func TestACountThatDoesNotFitInTimeIsSaidAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{Nodes: []time.Duration{0, time.Hour}})
	w.settings.Propagation = 300 * time.Millisecond
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	share, err := s.Observe(t.Context(), 200)
	must(t, err)
	if share.Total() != 200 || share.Blue == 0 || share.Green == 0 {
		t.Errorf("counted %v, want both slots", share)
	}
	w.settings.Propagation = time.Minute
	s = w.open(t)
	must(t, s.Set(t.Context(), release.Green, 0, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if share, err = s.Observe(ctx, 20); err == nil && share.Total() == 20 {
		return
	}
	t.Errorf("got %v, %v: want the last count within the deadline", share, err)
}

func TestAllAddressesOfTheLoadBalancerAreAsked(t *testing.T) {
	t.Parallel()
	var hits [3]atomic.Int64
	handler := func(i int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			hits[i].Add(1)
			rw.Header().Set("X-Bluegreen-Slot", "blue")
		}
	}
	addresses := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	first := httptest.NewServer(handler(0))
	t.Cleanup(first.Close)
	_, port, _ := net.SplitHostPort(first.Listener.Addr().String())
	for i, address := range addresses[1:] {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, port))
		must(t, err)
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler(i + 1)}}
		server.Start()
		t.Cleanup(server.Close)
	}
	conf := settings()
	web := conf.Services["web"]
	conf.Header, web.URL = "X-Bluegreen-Slot", "http://app.example.com:"+port+"/health"
	conf.Services["web"] = web
	s, err := alb.New(conf)
	must(t, err)
	s.Lookup(func(_ context.Context, host string) ([]string, error) {
		equal(t, "host", host, "app.example.com")
		return addresses, nil
	})
	share, err := s.Observe(t.Context(), 300)
	must(t, err)
	equal(t, "blue", share.Blue, 300)
	for i := range hits {
		if hits[i].Load() == 0 {
			t.Errorf("%s was not asked", addresses[i])
		}
	}
}

func TestAnAnswerThatSaysNoSlotIsNotCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		answer http.HandlerFunc
		want   string
	}{
		"the load balancer's own":    {"", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }, `/health: 502 Bad Gateway: the header X-Slot says ""`},
		"another word":               {"", func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("X-Slot", "red") }, `says "red"`},
		"a body without it":          {`slot=(\w+)`, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("ok")) }, `the body says ""`},
		"a body with it":             {`slot=(\w+)`, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("v=1 slot=Green")) }, ""},
		"a header in other letters":  {"", func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("x-slot", " Green ") }, ""},
		"an error of the slot's own": {"", func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("X-Slot", "green"); rw.WriteHeader(500) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answer)
			t.Cleanup(server.Close)
			conf := settings()
			web := conf.Services["web"]
			conf.Body, web.URL = c.body, server.URL+"/health"
			conf.Services["web"] = web
			s, err := alb.New(conf)
			must(t, err)
			share, err := s.Observe(t.Context(), 10)
			if c.want != "" {
				says(t, name, err, c.want)
				return
			}
			must(t, err)
			equal(t, "green", share.Green, 10)
		})
	}
}

func TestAReleaseThroughALoadBalancerThatTakesItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{Nodes: []time.Duration{0, 100 * time.Millisecond, 250 * time.Millisecond}})
	w.settings.Propagation = time.Minute
	traffictest.ReleaseConformance(t, func() traffic.Balancer { return w.open(t).Balancer() })
}

// TestARollbackTellsTheControlPlaneFromWhatIsObserved under AWS's own limits of
// calls.
func TestARollbackTellsTheControlPlaneFromWhatIsObserved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{Nodes: delays, Read: albtest.Rate{Burst: 40, Refill: 10}, Write: albtest.Rate{Burst: 40, Refill: 10}})
	w.settings.Propagation = time.Minute
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	_, err := s.Observe(t.Context(), 50)
	must(t, err)
	way, err := traffic.Rollback{Balancer: s.Balancer(), Force: release.Blue, Observe: 500}.Run(t.Context())
	must(t, err)
	t.Logf("control plane %v, observed %v, proven %v after the decision", way.Write, way.Effect, way.Proof)
	if way.Effect < delays[2] || way.Write >= way.Effect {
		t.Errorf("written after %v, effective after %v: the last node hears of it after %v", way.Write, way.Effect, delays[2])
	}
}

// keysOf lists the keys in their order.
func keysOf(tags map[string]string) []string {
	var all []string
	for key := range tags {
		if !strings.HasPrefix(key, "bluegreen:page") {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}
