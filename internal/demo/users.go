package demo

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// firstUsers looks in on the first release as soon as it is reachable, so that
// its gates have something to measure. What it gets before is no loss: there is
// no version yet that could answer.
func (s *Stage) firstUsers(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = openloop.Run(ctx, openloop.Load{
			URL: s.Front, Rate: 20, Timeout: 5 * time.Second,
			Mix: []openloop.Request{{Path: "/"}, {Path: "/track/open/health-check"}},
		})
	}()
	return func() {
		cancel()
		<-done
	}
}
