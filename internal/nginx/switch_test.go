package nginx_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSuite(t *testing.T) { traffictest.Conformance(t, rig) }

func TestAReleaseThroughARealNginx(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	traffictest.ReleaseConformance(t, func() traffic.Balancer { return b.open(t).Balancer() })
}
