package traffic

import (
	"context"
	"fmt"
	"time"
)

// within calls f under a deadline, and does not wait for one that is deaf to
// it: what holds up a decision must not hold up the way back.
func within[T any](ctx context.Context, d time.Duration, what string, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("%s took longer than %v", what, d))
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f(ctx)
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
	}
	var none T
	select {
	case <-done: // what hears of the end returns at once, and leaves nothing behind
	case <-time.After(grace):
	}
	return none, context.Cause(ctx)
}

// grace is what a call has to return after its end.
const grace = 100 * time.Millisecond

// call is within for a call that returns nothing but an error.
func call(ctx context.Context, d time.Duration, what string, f func(context.Context) error) error {
	_, err := within(ctx, d, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// sleep waits and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
