package traffictest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Rig is a load balancer before two real slots, and what a test can do to it.
// It starts with all the traffic at blue and knows the weights 1, 10, 50 and
// 100. All of it is required.
type Rig struct {
	// Open returns the handle of another process.
	Open func() Routed

	// Crashing returns the handle of a process that asks before each of its
	// writes: an error is what it dies of, before that write.
	Crashing func(before func(op, name string) error) Routed

	// Foreign splits the traffic as somebody would who knows nothing of this
	// program.
	Foreign func(release.Weights)

	// Spoil leaves behind what has no meaning, as somebody would who tried
	// something. mend takes away what a Restore has left of it.
	Spoil func() (mend func())

	// Cut makes the load balancer unreachable for whoever wants to move the
	// traffic. mend makes it as it was before.
	Cut func() (mend func())

	URL     string  // where clients reach it; they are split one by one
	Rate    float64 // requests a second that it has the time for on a slow machine, too; 0 is 500
	Promise Promise
}

// Promise is what a kind of load balancer promises beyond what all do. The
// table in docs/routers.md says the same.
type Promise struct {
	// AtOnce: once a move has returned, no request that starts afterwards gets
	// the split before it.
	AtOnce bool

	// CutsKept: a move may cut a request on a kept connection.
	CutsKept bool

	// Gap is the time between two moves that the load balancer can show.
	Gap time.Duration
}

// Conformance runs the suite that every kind of load balancer must pass; each
// call of build returns a new one. It includes RouterConformance.
func Conformance(t *testing.T, build func(t *testing.T) Rig) {
	t.Run("as a router", func(t *testing.T) {
		t.Parallel()
		RouterConformance(t, func(t *testing.T) func() Routed { return build(t).Open })
	})
	t.Run("a process killed before any write leaves the split as it was or as asked", func(t *testing.T) {
		t.Parallel()
		each(t, journeys, build, survivesCrashes)
	})
	t.Run("a rollback wins over a move that is on its way", func(t *testing.T) {
		t.Parallel()
		each(t, overtaken, build, overtakes)
	})
	for name, test := range map[string]func(t *testing.T, rig Rig){
		"clients are split as asked at 1, 10, 50 and 100 %":             splitsClients,
		"nothing is lost over many moves, and each takes effect":        losesNothing,
		"a foreign change is seen, and does not stop anybody":           seesForeign,
		"what has no meaning is an error, and a rollback does not mind": refusesRubbish,
		"an unreachable one is an error in time, and nothing half done": endures,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, build(t))
		})
	}
}

// seesForeign: somebody edits the load balancer by hand in the middle of a shift.
func seesForeign(t *testing.T, rig Rig) {
	router := rig.Open()
	must(t, router.Set(t.Context(), release.Green, 10, 1))
	for _, foreign := range []release.Weights{release.Split(release.Green, 50), release.Split(release.Green, 100), release.Split(release.Blue, 100)} {
		rig.Foreign(foreign)
		expect(t, router, release.Green, foreign.Green)
		expect(t, rig.Open(), release.Green, foreign.Green)
	}
	must(t, router.Set(t.Context(), release.Green, 10, 1))
	expect(t, router, release.Green, 10)
	rig.Foreign(release.Split(release.Green, 100))
	must(t, rig.Open().Restore(t.Context(), release.Blue))
	expect(t, router, release.Blue, 100)
	must(t, router.Set(t.Context(), release.Green, 10, 2))
	expect(t, router, release.Green, 10)
}

func refusesRubbish(t *testing.T, rig Rig) {
	router := rig.Open()
	must(t, router.Set(t.Context(), release.Green, 10, 1))
	mend := rig.Spoil()
	weights, err := router.Weights(t.Context())
	if err == nil {
		t.Errorf("read %v, want an error", weights)
	} else if release.HintOf(err) == "" {
		t.Errorf("%v: want a hint with it", err)
	}
	if err := router.Set(t.Context(), release.Green, 50, 1); err == nil {
		t.Error("a move forward is done on top of it, want an error")
	}
	must(t, rig.Open().Restore(t.Context(), release.Blue))
	mend()
	expect(t, router, release.Blue, 100)
}

// endures: each call ends with its context, and those that come later find the
// split as it was.
func endures(t *testing.T, rig Rig) {
	router := rig.Open()
	must(t, router.Set(t.Context(), release.Green, 10, 1))
	mend := rig.Cut()
	for name, call := range map[string]func(ctx context.Context, router Routed) error{
		"read": func(ctx context.Context, router Routed) error {
			_, err := router.Weights(ctx)
			return err
		},
		"move forward": func(ctx context.Context, router Routed) error { return router.Set(ctx, release.Green, 50, 1) },
		"restore":      func(ctx context.Context, router Routed) error { return router.Restore(ctx, release.Blue) },
	} {
		for _, router := range []Routed{router, rig.Open()} {
			inTime(t, name, func(ctx context.Context) error { return call(ctx, router) })
		}
	}
	mend()
	expect(t, router, release.Green, 10)
	must(t, router.Set(t.Context(), release.Green, 50, 1))
	expect(t, rig.Open(), release.Green, 50)
	must(t, rig.Open().Restore(t.Context(), release.Blue))
	expect(t, router, release.Blue, 100)
}

// inTime wants an error soon after the deadline of the call.
func inTime(t *testing.T, name string, call func(context.Context) error) {
	t.Helper()
	const deadline = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	begin := time.Now()
	err := call(ctx)
	if _, stale := errors.AsType[*traffic.Stale](err); err == nil || stale {
		t.Errorf("%s: got %v, want to hear that it cannot be reached", name, err)
	}
	if took := time.Since(begin); took > deadline+patience {
		t.Errorf("%s: took %v with a deadline of %v", name, took, deadline)
	}
}
