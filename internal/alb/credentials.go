package alb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/bluegreen-actions/bluegreen/internal/amazon"
)

// The times of credentials.
const (
	renewBefore = 10 * time.Minute // their end
	renewEvery  = 30 * time.Second // that renewing has failed
	lastChance  = 3 * time.Minute  // for a rollback, while they still work
)

// renewing keeps credentials that still work while they cannot be renewed: a
// rollback may be the last thing that they are for, and waits for no renewal.
type renewing struct {
	find    func(context.Context) (aws.CredentialsProvider, error)
	expires time.Time // of credentials that do not say; zero for never

	mu      sync.Mutex
	from    aws.CredentialsProvider // nil until it is found
	have    aws.Credentials
	tried   time.Time
	renewal chan struct{} // is closed when the renewal that is on has ended; nil when none is
	problem error         // why they could not be renewed
}

// Retrieve implements aws.CredentialsProvider. It waits for a renewal only where
// it has nothing that works.
func (r *renewing) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if have, ok := r.works(); ok {
		return have, nil
	}
	r.wait(ctx)
	if have, ok := r.works(); ok {
		return have, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	problem := r.problem
	if problem == nil {
		problem = context.Cause(ctx)
	}
	if r.have.HasKeys() {
		return aws.Credentials{}, fmt.Errorf("%w at %s: %w", amazon.ErrExpired, r.have.Expires.Format(time.RFC3339), problem)
	}
	return aws.Credentials{}, fmt.Errorf("find AWS credentials: %w", problem)
}

// works returns the credentials while they work, and begins to renew them where
// that is due.
func (r *renewing) works() (aws.Credentials, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	usable := r.have.HasKeys() && r.left() > 0
	due := !usable || r.left() <= renewBefore && time.Since(r.tried) >= renewEvery
	if due && r.renewal == nil {
		limit := attemptTime
		if !r.have.HasKeys() {
			limit = callTime // the first are asked for at several places
		}
		r.tried, r.renewal = time.Now(), make(chan struct{})
		go r.renew(limit)
	}
	return r.have, usable
}

// wait waits for the renewal that is on.
func (r *renewing) wait(ctx context.Context) {
	r.mu.Lock()
	on := r.renewal
	r.mu.Unlock()
	if on == nil {
		return
	}
	select {
	case <-on:
	case <-ctx.Done():
	}
}

func (r *renewing) renew(limit time.Duration) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("AWS gave none within %v", limit))
	defer cancel()
	fresh, err := r.fresh(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.have = fresh
		if !fresh.CanExpire && !r.expires.IsZero() {
			r.have.CanExpire, r.have.Expires = true, r.expires
		}
	}
	if r.problem = err; err == nil && r.left() <= renewBefore {
		r.problem = errors.New("there are no newer ones")
	}
	close(r.renewal)
	r.renewal = nil
}

// fresh asks the source, past what it may have kept.
func (r *renewing) fresh(ctx context.Context) (aws.Credentials, error) {
	r.mu.Lock()
	from, again := r.from, r.have.HasKeys()
	r.mu.Unlock()
	if from == nil {
		found, err := r.find(ctx)
		if err != nil {
			return aws.Credentials{}, err
		}
		r.mu.Lock()
		r.from, from = found, found
		r.mu.Unlock()
	}
	if cache, ok := from.(*aws.CredentialsCache); ok && again {
		cache.Invalidate()
	}
	return from.Retrieve(ctx)
}

// left is how long the credentials still work.
func (r *renewing) left() time.Duration {
	if !r.have.CanExpire {
		return 24 * time.Hour
	}
	return time.Until(r.have.Expires)
}

// ending is why the credentials end within ten minutes, and how soon; nil while
// they do not. Nothing urgent asks for it, so it waits for a renewal.
func (r *renewing) ending(ctx context.Context) (time.Duration, error) {
	if _, err := r.Retrieve(ctx); err != nil {
		return 0, err
	}
	r.wait(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.left()
	if left > renewBefore {
		return left, nil
	}
	problem := r.problem
	if problem == nil {
		problem = errors.New("the renewal has not ended")
	}
	return left, fmt.Errorf("the AWS credentials end in %v and could not be renewed: %w", left.Round(time.Second), problem)
}
