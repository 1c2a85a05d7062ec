package haproxy_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSuites(t *testing.T) {
	t.Run("load balancer", func(t *testing.T) { traffictest.Conformance(t, rig) })
	t.Run("releases", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		traffictest.ReleaseConformance(t, func() traffic.Balancer { return b.open(t).Balancer() })
	})
	benches := map[*testing.T]*bench{}
	in := func(t *testing.T) *bench {
		if benches[t] == nil {
			benches[t] = &bench{settings: settings(t)}
			_, err := benches[t].open(t).Install(t.Context(), release.Blue)
			must(t, err)
		}
		return benches[t]
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return in(t).open(t) })
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases { return in(t).open(t).Leases(expiry) })
	})
}

// rig is a real HAProxy for the suite of load balancers.
func rig(t *testing.T) traffictest.Rig {
	t.Helper()
	b := newBench(t, nil)
	return traffictest.Rig{
		Open: func() traffictest.Routed { return b.open(t) },
		Crashing: func(before func(op, name string) error) traffictest.Routed {
			p := b.open(t)
			p.Before(before)
			return p
		},
		Foreign: func(w release.Weights) { b.by(t, fmt.Sprintf("set map MAP share %d", w.Green)) },
		Spoil: func() func() {
			b.by(t, "del map MAP epoch")
			return func() {} // the rollback has put it back
		},
		Cut: func() func() {
			away := b.settings.Socket + ".away"
			must(t, os.Rename(b.settings.Socket, away))
			return func() { must(t, os.Rename(away, b.settings.Socket)) }
		},
		URL:     b.server.URL,
		Promise: traffictest.Promise{AtOnce: true},
	}
}
