package traffic

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrApart says that several load balancers split the traffic differently, as
// after a shift that was killed between two of them.
var ErrApart = errors.New("the load balancers do not agree")

// Fleet is several load balancers that move together. Forward all acknowledge
// or all return to where they were; backward all are written at once, and each
// failure is reported beside the others' success.
type Fleet []Router

// Weights are those of all, or ErrApart.
func (f Fleet) Weights(ctx context.Context) (release.Weights, error) {
	if len(f) == 0 {
		return release.Weights{}, errors.New("no load balancer")
	}
	var first release.Weights
	for i, router := range f {
		weights, err := router.Weights(ctx)
		switch {
		case err != nil:
			return release.Weights{}, f.name(i, err)
		case i == 0:
			first = weights
		case weights != first:
			return release.Weights{}, fmt.Errorf("%w: %v and %v", ErrApart, first, weights)
		}
	}
	return first, nil
}

// Set writes one after the other. Where one refuses, it and those before it get
// the weight back that they had.
func (f Fleet) Set(ctx context.Context, candidate release.Slot, w release.Weight, token Token) error {
	var before []release.Weights
	for i, router := range f {
		had, err := router.Weights(ctx)
		if err == nil {
			before = append(before, had)
			err = router.Set(ctx, candidate, w, token)
		}
		if err != nil {
			return errors.Join(f.name(i, err), f.undo(ctx, before, candidate, token))
		}
	}
	return nil
}

func (f Fleet) undo(ctx context.Context, before []release.Weights, candidate release.Slot, token Token) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	var problems []error
	for i, had := range before {
		if err := f[i].Set(ctx, candidate, had.Of(candidate), token); err != nil {
			problems = append(problems, f.name(i, fmt.Errorf("return to %v: %w", had, err)))
		}
	}
	return errors.Join(problems...)
}

// Restore writes to all at once.
func (f Fleet) Restore(ctx context.Context, good release.Slot) error {
	problems := make([]error, len(f))
	var all sync.WaitGroup
	for i, router := range f {
		all.Go(func() { problems[i] = f.name(i, router.Restore(ctx, good)) })
	}
	all.Wait()
	return errors.Join(problems...)
}

func (f Fleet) name(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("load balancer %d of %d: %w", i+1, len(f), err)
}

// Observers counts through several load balancers, n requests each.
type Observers []Observer

// Observe adds the counts up.
func (o Observers) Observe(ctx context.Context, n int) (Share, error) {
	var sum Share
	for i, observer := range o {
		share, err := observer.Observe(ctx, n)
		if err != nil {
			return Share{}, fmt.Errorf("load balancer %d of %d: %w", i+1, len(o), err)
		}
		sum = sum.Add(share)
	}
	return sum, nil
}
