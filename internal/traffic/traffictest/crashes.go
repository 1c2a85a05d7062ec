package traffictest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// move is one move of a release with its token; a Restore needs none.
type move func(ctx context.Context, router traffic.Router, token traffic.Token) error

func forward(slot release.Slot, w release.Weight) move {
	return func(ctx context.Context, router traffic.Router, token traffic.Token) error {
		return router.Set(ctx, slot, w, token)
	}
}

func backward(slot release.Slot) move {
	return func(ctx context.Context, router traffic.Router, _ traffic.Token) error {
		return router.Restore(ctx, slot)
	}
}

// journey is moves that were made and the one that is killed, or overtaken.
type journey struct {
	name   string
	before []move
	move   move
	want   release.Weights
}

var journeys = []journey{
	{"the first step", nil, forward(release.Green, 10), release.Split(release.Green, 10)},
	{"the next step", []move{forward(release.Green, 10)}, forward(release.Green, 50), release.Split(release.Green, 50)},
	{"the last step", []move{forward(release.Green, 50)}, forward(release.Green, 100), release.Split(release.Green, 100)},
	{"a step back", []move{forward(release.Green, 50)}, forward(release.Green, 10), release.Split(release.Green, 10)},
	{"to nothing", []move{forward(release.Green, 50)}, forward(release.Green, 0), release.Split(release.Green, 0)},
	{"the first step after a rollback", []move{forward(release.Green, 50), backward(release.Blue)}, forward(release.Green, 10), release.Split(release.Green, 10)},
	{"the other way", []move{forward(release.Green, 100)}, forward(release.Blue, 10), release.Split(release.Blue, 10)},
	{"a rollback from a step", []move{forward(release.Green, 50)}, backward(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback from 100", []move{forward(release.Green, 100)}, backward(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback again", []move{forward(release.Green, 10), backward(release.Blue)}, backward(release.Blue), release.Split(release.Blue, 100)},
	{"a forced rollback to the other slot", []move{backward(release.Blue)}, backward(release.Green), release.Split(release.Green, 100)},
}

// overtaken is the journeys that a rollback comes into.
var overtaken = []journey{journeys[1], journeys[5]}

var errKilled = errors.New("killed")

// clerk gives tokens that only grow.
type clerk struct{ last traffic.Token }

func (c *clerk) next() traffic.Token {
	c.last++
	return c.last
}

// begin brings the rig to where a journey begins, and returns the split.
func (j journey) begin(t *testing.T, rig Rig, tokens *clerk) release.Weights {
	t.Helper()
	router := rig.Open()
	must(t, router.Restore(t.Context(), release.Blue))
	for _, move := range j.before {
		must(t, move(t.Context(), router, tokens.next()))
	}
	weights, err := router.Weights(t.Context())
	must(t, err)
	return weights
}

// each takes every journey on a load balancer of its own, side by side: a real one
// needs its time for every move, and there are hundreds.
func each(t *testing.T, all []journey, build func(t *testing.T) Rig, test func(t *testing.T, rig Rig, j journey)) {
	for _, j := range all {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			test(t, build(t), j)
		})
	}
}

func survivesCrashes(t *testing.T, rig Rig, j journey) {
	var tokens clerk
	for k, killed := 0, true; killed; k++ {
		before := j.begin(t, rig, &tokens)
		token := tokens.next()
		killed = false
		left := k
		crashing := rig.Crashing(func(string, string) error {
			if left--; left < 0 {
				killed = true
				return errKilled
			}
			return nil
		})
		err := j.move(t.Context(), crashing, token)
		if !killed && err != nil {
			t.Fatal(err)
		}
		next := rig.Open() // the process that comes after
		got, err := next.Weights(t.Context())
		must(t, err)
		if got != before && got != j.want || !killed && got != j.want {
			t.Fatalf("killed after %d writes: %v, which is neither %v nor %v", k, got, before, j.want)
		}
		glance(t, next, fmt.Sprintf("killed after %d writes", k), got)
		must(t, j.move(t.Context(), next, token))
		glance(t, next, fmt.Sprintf("repeated after %d writes", k), j.want)
	}
}

// overtakes: a Restore comes while a move stands still before one of its writes.
func overtakes(t *testing.T, rig Rig, j journey) {
	var tokens clerk
	for k, reached := 0, true; reached; k++ {
		j.begin(t, rig, &tokens)
		reached = false
		left := k
		moving := rig.Crashing(func(string, string) error {
			if left--; left == -1 {
				reached = true
				return rig.Open().Restore(t.Context(), release.Blue)
			}
			return nil
		})
		err := j.move(t.Context(), moving, tokens.next())
		if _, stale := errors.AsType[*traffic.Stale](err); err != nil && !stale {
			t.Errorf("overtaken before write %d: %v", k, err)
		}
		if reached {
			glance(t, rig.Open(), fmt.Sprintf("a rollback before write %d", k), release.Split(release.Blue, 100))
		}
	}
}

// glance reads the weights back and counts less than expect does.
func glance(t *testing.T, router Routed, what string, want release.Weights) {
	t.Helper()
	got, err := router.Weights(t.Context())
	must(t, err)
	if got != want {
		t.Fatalf("%s: read back %v, want %v", what, got, want)
	}
	var share traffic.Share
	for range 4 {
		if share = count(t, router, 100); share.Fits(want) {
			return
		}
	}
	t.Fatalf("%s: counted %v, want %v", what, share, want)
}
