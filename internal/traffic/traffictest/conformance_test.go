package traffictest_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// one returns the same store for each call with the same t.
func one[T any](make func() T) func(t *testing.T) T {
	stores := map[*testing.T]T{}
	return func(t *testing.T) T {
		if _, ok := stores[t]; !ok {
			stores[t] = make()
		}
		return stores[t]
	}
}

func TestTheFakesPassTheSuites(t *testing.T) {
	balancer := one(func() *traffictest.Balancer { return new(traffictest.Balancer) })
	lease := one(func() *traffictest.Lease { return new(traffictest.Lease) })
	t.Run("router", func(t *testing.T) {
		traffictest.RouterConformance(t, func(*testing.T) func() traffictest.Routed {
			b := new(traffictest.Balancer)
			return func() traffictest.Routed { return b }
		})
	})
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return balancer(t) })
	})
	t.Run("releases", func(t *testing.T) {
		b := new(traffictest.Balancer)
		traffictest.ReleaseConformance(t, b.Of)
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases {
			store := lease(t)
			store.Expiry = expiry
			return store
		})
	})
}
