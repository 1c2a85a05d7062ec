package traffictest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Routed is a load balancer under test.
type Routed interface {
	traffic.Router
	traffic.Observer
}

// RouterConformance runs the suite that every load balancer must pass, its tests
// side by side. Each call of build makes a load balancer, and returns what opens a
// new handle on it, so that several processes are played. It starts with all the
// traffic at blue and knows the weights 10, 50 and 100.
func RouterConformance(t *testing.T, build func(t *testing.T) (open func() Routed)) {
	for name, test := range map[string]func(t *testing.T, open func() Routed){
		"it starts with all the traffic at blue":                            starts,
		"every weight can be set, read back and counted":                    climbs,
		"a weight may be set again and lowered":                             lowers,
		"the slots take turns":                                              turns,
		"setting the weight that is there makes the token known":            announces,
		"an older token is refused and changes nothing":                     refusesOld,
		"restoring gives everything back, from anywhere, as often as asked": restores,
		"restoring refuses every token that was seen before":                closes,
		"restoring needs no earlier move":                                   restoresFresh,
		"many that restore at once end the same":                            restoresAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, build(t))
		})
	}
}

func starts(t *testing.T, open func() Routed) {
	expect(t, open(), release.Green, 0)
}

func climbs(t *testing.T, open func() Routed) {
	router := open()
	for _, w := range []release.Weight{10, 50, 100} {
		must(t, router.Set(t.Context(), release.Green, w, 1))
		expect(t, router, release.Green, w)
		expect(t, open(), release.Green, w)
	}
}

func lowers(t *testing.T, open func() Routed) {
	router := open()
	for _, w := range []release.Weight{50, 50, 10, 0, 0, 50} {
		must(t, router.Set(t.Context(), release.Green, w, 1))
		expect(t, router, release.Green, w)
	}
}

func turns(t *testing.T, open func() Routed) {
	for i, candidate := range []release.Slot{release.Green, release.Blue, release.Green} {
		router, token := open(), traffic.Token(i+1)
		for _, w := range []release.Weight{0, 10, 50, 100} {
			must(t, router.Set(t.Context(), candidate, w, token))
			expect(t, router, candidate, w)
		}
	}
}

func announces(t *testing.T, open func() Routed) {
	router := open()
	must(t, router.Set(t.Context(), release.Green, 10, 1))
	must(t, router.Set(t.Context(), release.Green, 10, 2))
	stale(t, router.Set(t.Context(), release.Green, 50, 1), 1, 2)
	expect(t, router, release.Green, 10)
}

func refusesOld(t *testing.T, open func() Routed) {
	router, other := open(), open()
	must(t, router.Set(t.Context(), release.Green, 10, 7))
	stale(t, other.Set(t.Context(), release.Green, 50, 6), 6, 7)
	stale(t, other.Set(t.Context(), release.Blue, 50, 6), 6, 7)
	expect(t, other, release.Green, 10)
	must(t, other.Set(t.Context(), release.Green, 50, 7))
	must(t, other.Set(t.Context(), release.Green, 100, 8))
	expect(t, router, release.Green, 100)
}

func restores(t *testing.T, open func() Routed) {
	token := traffic.Token(0)
	for _, w := range []release.Weight{10, 50, 100} {
		router := open()
		token++
		must(t, router.Set(t.Context(), release.Green, w, token))
		for range 3 {
			must(t, open().Restore(t.Context(), release.Blue))
			expect(t, router, release.Green, 0)
		}
	}
}

func closes(t *testing.T, open func() Routed) {
	router := open()
	must(t, router.Set(t.Context(), release.Green, 10, 5))
	must(t, open().Restore(t.Context(), release.Blue))
	stale(t, router.Set(t.Context(), release.Green, 50, 5), 5, 5)
	expect(t, router, release.Green, 0)
	must(t, router.Set(t.Context(), release.Green, 10, 6))
	expect(t, router, release.Green, 10)
}

func restoresFresh(t *testing.T, open func() Routed) {
	must(t, open().Restore(t.Context(), release.Blue))
	expect(t, open(), release.Blue, 100)
	must(t, open().Restore(t.Context(), release.Green))
	expect(t, open(), release.Green, 100)
	must(t, open().Restore(t.Context(), release.Blue))
	expect(t, open(), release.Blue, 100)
	must(t, open().Set(t.Context(), release.Green, 10, 1))
	expect(t, open(), release.Green, 10)
}

func restoresAtOnce(t *testing.T, open func() Routed) {
	must(t, open().Set(t.Context(), release.Green, 50, 1))
	var all sync.WaitGroup
	for range 6 {
		router := open()
		all.Go(func() {
			if err := router.Restore(context.WithoutCancel(t.Context()), release.Blue); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	expect(t, open(), release.Blue, 100)
}

// expect wants what Splits does of a thousand requests.
func expect(t *testing.T, router Routed, candidate release.Slot, w release.Weight) {
	t.Helper()
	Splits(t, router, release.Split(candidate, w), 1000)
}

// Splits says that the weights are read back, and counted with n requests. Honest
// traffic misses three standard deviations once in 370 times, so it is counted up to
// three times.
func Splits(tb testing.TB, router Routed, want release.Weights, n int) {
	tb.Helper()
	got, err := router.Weights(tb.Context())
	must(tb, err)
	if got != want {
		tb.Fatalf("read back %v, want %v", got, want)
	}
	var share traffic.Share
	for range 3 {
		if share = count(tb, router, n); share.Fits(want) {
			return
		}
	}
	tb.Fatalf("counted %v, want %v", share, want)
}

// count observes n requests, fifty at a time. A slow machine does not get through
// more in the time that one count has, nor always through one request in its own: then
// it is asked again.
func count(tb testing.TB, router traffic.Observer, n int) (all traffic.Share) {
	tb.Helper()
	for begin := time.Now(); all.Total() < n; {
		part := min(50, n-all.Total())
		share, err := router.Observe(tb.Context(), part)
		if errors.Is(err, context.DeadlineExceeded) && time.Since(begin) < patience {
			continue
		}
		must(tb, err)
		if share.Total() != part {
			tb.Fatalf("counted %v, want %d requests", share, part)
		}
		all = all.Add(share)
	}
	return all
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func stale(t *testing.T, err error, token, seen traffic.Token) {
	t.Helper()
	if s, ok := errors.AsType[*traffic.Stale](err); !ok || s.Token != token || s.Seen != seen {
		t.Fatalf("token %d: got %v, want it refused for token %d", token, err, seen)
	}
}
