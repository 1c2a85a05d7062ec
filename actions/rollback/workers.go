package rollback

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// change quiets the workers of the slot that was left, lets those of the good slot
// take jobs, which a release that was finished had stopped, and starts a slot that
// was forced although it is stopped. All at once: an engine that is gone holds up
// nothing of the other.
func change(ctx context.Context, job *action.Job, back traffic.Rollback, good release.Slot) error {
	var all sync.WaitGroup
	var said [3]string
	var problems [3]error
	for i, do := range []func() (string, error){
		func() (string, error) { return quiet(ctx, job, good.Other()) },
		func() (string, error) { return resume(ctx, job, good) },
		func() (string, error) { return wake(ctx, job, back, good) },
	} {
		all.Go(func() { said[i], problems[i] = do() })
	}
	all.Wait()
	for _, one := range said {
		if one != "" {
			job.Page.Say("%s", one)
		}
	}
	return errors.Join(problems[:]...)
}

func resume(ctx context.Context, job *action.Job, good release.Slot) (string, error) {
	env, err := connect.Slot(ctx, job, good)
	if err != nil {
		return "", err
	}
	n, err := env.Workers().Start(ctx)
	if err != nil {
		return "", fmt.Errorf("start the workers of %s: %w", good, err)
	}
	return fmt.Sprintf("%d workers of %s take jobs.", n, good), nil
}

// wake starts a slot that was forced although it is stopped: its traffic is there
// already.
func wake(ctx context.Context, job *action.Job, back traffic.Rollback, good release.Slot) (string, error) {
	if asleep, err := back.Asleep(ctx, good); err != nil || !asleep {
		return "", nil // that it cannot be asked is among the diagnostics
	}
	took, err := back.Wake(ctx, good)
	if err != nil {
		return "", fmt.Errorf("start %s, which was stopped: %w", good, err)
	}
	said := fmt.Sprintf("%s was stopped although it got the traffic: it was started, and is healthy after %s.", good, ms(took))
	return said, traffic.WakeUp(ctx, back.Balancer.Ledger, good, took, true)
}

func quiet(ctx context.Context, job *action.Job, s release.Slot) (string, error) {
	env, err := connect.Slot(ctx, job, s)
	if err != nil {
		return "", err
	}
	q, err := env.Workers().Quiet(ctx)
	if err != nil {
		err = fmt.Errorf("quiet the workers of %s: %w", s, err)
	}
	if q.Stopped == 0 {
		return "", err
	}
	return fmt.Sprintf("%d workers of %s finished their job and stopped; %d had to be killed.", q.Stopped, s, q.Killed), err
}
