package worker

import (
	"context"
	"sync"
	"time"
)

// rhythm is how old a worker's published counters may be, and how late a retry.
const rhythm = time.Second

// arrive publishes the first heartbeat: a worker takes nothing before it can be
// seen to live. It returns an error when ctx ended first.
func (w *Worker) arrive(ctx, work context.Context) error {
	for {
		err := w.Hand.Beat(work, w.Activity.member())
		if err == nil {
			w.Log.Info("Worker started")
			return nil
		}
		w.Log.Error("Starting has to wait for Redis", "error", err)
		if pause(ctx, wait); ctx.Err() != nil {
			return err
		}
	}
}

// background beats and keeps house until the returned function is called: the
// heart beats on while the last job is finished.
func (w *Worker) background(work context.Context) (quiet func()) {
	work, stop := context.WithCancel(work)
	var both sync.WaitGroup
	both.Go(func() { every(work, min(w.Heartbeat/5, rhythm), w.beat) })
	both.Go(func() { every(work, min(w.Heartbeat/5, rhythm), w.keepHouse) })
	return func() { stop(); both.Wait() }
}

func (w *Worker) beat(ctx context.Context) {
	if err := w.Hand.Beat(ctx, w.Activity.member()); err != nil && ctx.Err() == nil {
		w.Log.Error("Heartbeat did not work", "error", err)
	}
}

// keepHouse brings back jobs that are due again and jobs of dead workers.
func (w *Worker) keepHouse(ctx context.Context) {
	if _, err := w.Hand.Promote(ctx, time.Now()); err != nil && ctx.Err() == nil {
		w.Log.Error("Promoting retries did not work", "error", err)
	}
	taken, err := w.Hand.Sweep(ctx)
	for member, n := range taken {
		w.Log.Warn("Took back jobs of a dead worker", "dead", member, "jobs", n)
	}
	if err != nil && ctx.Err() == nil {
		w.Log.Error("Sweeping did not work", "error", err)
	}
}

// every runs do at once and then in the rhythm, until ctx ends.
func every(ctx context.Context, rhythm time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(rhythm)
	defer ticker.Stop()
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		do(limited)
		cancel()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
