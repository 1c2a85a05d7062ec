package traffic_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestWhatAMoveCanCostIsSaidBeforeTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.shift.Balancer.Name, s.shift.Balancer.Caveat = "nginx-reload", "each move can cut requests"
		log, err := s.shift.Run(t.Context())
		equal(t, "error", err, nil)
		said := slices.IndexFunc(log.Events, func(e traffic.Event) bool {
			return e.Kind == traffic.Warned && e.Text == "nginx-reload: each move can cut requests"
		})
		moved := slices.IndexFunc(log.Events, func(e traffic.Event) bool { return e.Kind == traffic.Weighed })
		equal(t, "said before the first move", said >= 0 && said < moved, true)
	})
	a, b := new(traffictest.Balancer).Of(), new(traffictest.Balancer).Of()
	a.Name, b.Name, b.Caveat = "a", "b", "it costs"
	equal(t, "of several", traffic.Join(a, b).Caveat, "b: it costs")
}
