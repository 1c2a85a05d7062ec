package nginx_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSuites(t *testing.T) {
	t.Run("router", func(t *testing.T) {
		benches := map[*testing.T]*bench{}
		traffictest.RouterConformance(t, func(t *testing.T) traffictest.Routed {
			if benches[t] == nil {
				benches[t] = newBench(t, nil, steps...)
			}
			return benches[t].open(t)
		})
	})
	folders := map[*testing.T]nginx.Settings{}
	in := func(t *testing.T) *nginx.Switch {
		if _, ok := folders[t]; !ok {
			folders[t] = settings(t)
			_, err := open(t, folders[t], steps).Install(t.Context(), "blue")
			must(t, err)
		}
		return open(t, folders[t], steps)
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return in(t) })
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases { return in(t).Leases(expiry) })
	})
}
