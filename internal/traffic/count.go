package traffic

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The counting of requests.
const (
	CountParallel = 32               // requests under way at once
	countTime     = 30 * time.Second // of all
)

// countingTime is how long n requests may take: as long as any other call, and
// more where there are many of them on a long way.
func countingTime(n int) time.Duration {
	return min(callTime+time.Duration(n)*20*time.Millisecond, countTime)
}

// Count asks n times, several at once, and counts the answers: what an Observer
// does. One that gets no answer ends the count.
func Count(ctx context.Context, n int, ask func(context.Context) (release.Slot, error)) (Share, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, countTime, fmt.Errorf("counting took longer than %v", countTime))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var left, green atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range min(n, CountParallel) {
		all.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				switch slot, err := ask(ctx); {
				case err != nil:
					stop(err)
				case slot == release.Green:
					green.Add(1)
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return Share{}, context.Cause(ctx)
	}
	return Share{Blue: n - int(green.Load()), Green: int(green.Load())}, nil
}
