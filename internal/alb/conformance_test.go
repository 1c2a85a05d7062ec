package alb_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestItIsARouter(t *testing.T) {
	t.Parallel()
	traffictest.Conformance(t, rig)
}

// rig is a load balancer with one rule, which a killed process can not leave
// apart from another.
func rig(t *testing.T) traffictest.Rig {
	t.Helper()
	slots := traffictest.NewSlots(t)
	server, err := albtest.Start(albtest.Options{Every: time.Second})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	blue := server.Group("blue", "/", slots.Serve("web", release.Blue))
	green := server.Group("green", "/", slots.Serve("web", release.Green))
	listener, url, err := server.Listener(false, albtest.Forward(map[string]int32{blue: 100, green: 0}))
	must(t, err)
	split := func(w release.Weights) { // as of somebody with the AWS command line
		server.Change(listener, albtest.Forward(map[string]int32{blue: int32(w.Blue), green: int32(w.Green)}))
	}
	settings := alb.Settings{
		Region: server.Region(), Endpoint: server.Endpoint, Header: traffictest.SlotHeader, Propagation: time.Second,
		Services: map[string]alb.Service{"web": {Listeners: []alb.ARN{alb.ARN(listener)}, Blue: alb.ARN(blue), Green: alb.ARN(green), URL: url}},
	}
	open := func() *alb.Balancer {
		b, err := alb.New(settings)
		must(t, err)
		return b
	}
	must(t, open().Ready(t.Context(), release.Green))
	return traffictest.Rig{
		Open: func() traffictest.Routed { return open() },
		Crashing: func(before func(op, name string) error) traffictest.Routed {
			b := open()
			b.Before(before)
			return b
		},
		Foreign: split,
		Spoil: func() func() {
			split(release.Weights{})
			return func() {}
		},
		Cut: func() func() {
			server.Break(albtest.Fault{Drop: true, Times: -1})
			return server.Mend
		},
		URL: url, Rate: 100,
	}
}

// one returns the same world for each call with the same t.
func one(o albtest.Options) func(t *testing.T) *world {
	worlds := map[*testing.T]*world{}
	return func(t *testing.T) *world {
		if _, ok := worlds[t]; !ok {
			worlds[t] = newWorld(t, o)
		}
		return worlds[t]
	}
}

func TestItIsALedger(t *testing.T) {
	t.Parallel()
	world := one(albtest.Options{Every: time.Second})
	traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return world(t).open(t) })
}
