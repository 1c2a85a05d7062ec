package traffic

import (
	"context"
	"fmt"
)

// crew is the candidate's workers. They start beside the first bake, so that no
// request is without a watch while they do; the bake is not over before they run.
type crew struct {
	cancel context.CancelFunc // nil before the first step
	done   chan error
	ready  bool // it has ended, well or not
}

// work lets the candidate's workers take jobs, once.
func (r *run) work(ctx context.Context) {
	if r.crew.cancel != nil {
		return
	}
	ctx, r.crew.cancel = context.WithCancel(ctx)
	r.crew.done = make(chan error, 1)
	go func() {
		r.crew.done <- call(ctx, checkTime, "starting the candidate's workers", r.Slot.StartWorkers)
	}()
}

// working says whether the workers have started. That they could not is a
// reason to go back.
func (r *run) working() (bool, error) {
	if r.crew.ready {
		return true, nil
	}
	select {
	case err := <-r.crew.done:
		r.crew.ready = true
		if err != nil {
			return false, fmt.Errorf("start the candidate's workers at %v: %w", r.baking().Step.Weight, err)
		}
		return true, nil
	default:
		return false, nil
	}
}

// dismiss ends a start that is under way, so that it does not come after the
// stop, and quiets the workers.
func (r *run) dismiss(ctx context.Context) error {
	if r.crew.cancel != nil {
		r.crew.cancel()
	}
	if r.crew.cancel != nil && !r.crew.ready {
		select {
		case <-r.crew.done:
		case <-ctx.Done():
		}
	}
	return r.Slot.QuietWorkers(ctx)
}
