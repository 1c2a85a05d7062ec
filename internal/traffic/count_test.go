package traffic_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// distant is an observer behind a network on which a request takes a while.
type distant struct{ trip time.Duration }

func (d distant) Observe(ctx context.Context, n int) (traffic.Share, error) {
	return traffic.Count(ctx, n, func(ctx context.Context) (release.Slot, error) {
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(d.trip):
			return release.Blue, nil
		}
	})
}

func TestAThousandRequestsAreCountedOnALongWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		share, err := distant{100 * time.Millisecond}.Observe(t.Context(), 1000)
		equal(t, "error", err, nil)
		equal(t, "share", share, traffic.Share{Blue: 1000})
		equal(t, "within 5 s", time.Since(begin) <= 5*time.Second, true)
	})
	synctest.Test(t, func(t *testing.T) { // which takes 12.8 s
		s := shifted(t)
		back := s.rollback()
		back.Balancer.Observer = distant{400 * time.Millisecond}
		way, err := back.Run(t.Context())
		equal(t, "error", err, nil)
		equal(t, "share", way.Share, traffic.Share{Blue: 1000})
	})
}
