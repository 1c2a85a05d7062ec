package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Leases is a store of leases, as a shift uses it.
type Leases interface {
	Lease
	Fence
}

// acquire takes the lease. An earlier process of the same release, such as an
// attempt whose runner was lost, is waited for until its lease has expired.
func (r *run) acquire(ctx context.Context) error {
	for begin, told := time.Now(), false; ; told = true {
		token, err := within(ctx, callTime, "acquiring the lease", func(ctx context.Context) (Token, error) {
			return r.Leases.Acquire(ctx, r.Owner)
		})
		taken, ok := errors.AsType[*Taken](err)
		switch {
		case err == nil:
			r.token.Store(uint64(token))
			r.sure.Store(now().UnixNano())
			return nil
		case !ok:
			return release.CannotTell("make the store of the lease answer; the weights were not changed", "shift: acquire the lease: %w", err)
		case taken.Holding.Owner.Release != r.Owner.Release || time.Since(begin) > LeaseExpiry+RenewEvery:
			return release.Refuse("wait until that shift has ended, or roll it back", "shift: acquire the lease: %w", err)
		}
		if !told {
			r.say(Began, "waiting for an earlier attempt: %v", taken)
		}
		if !sleep(ctx, time.Second) {
			return fmt.Errorf("shift: acquire the lease: %w", context.Cause(ctx))
		}
	}
}

// outgrow gets a token greater than one that the load balancer has seen. It is
// for a store that has forgotten its counter: where the lease is really
// another's, the store says so.
func (r *run) outgrow(ctx context.Context, seen Token) error {
	err := call(ctx, callTime, "raising the token", func(ctx context.Context) error {
		if err := r.renew(ctx); err != nil {
			return err
		}
		return r.Leases.Raise(ctx, seen)
	})
	if err != nil {
		return release.Refuse("see who else is shifting or rolling back", "shift: the load balancer has seen token %d, this shift has %d: %w", seen, r.token.Load(), err)
	}
	return r.acquire(ctx)
}

func (r *run) renew(ctx context.Context) error {
	asked := now()
	err := r.Leases.Renew(ctx, Token(r.token.Load()))
	if err == nil {
		r.sure.Store(asked.UnixNano())
	}
	return err
}

// overtaken says that somebody else may have taken over, since this process was
// away for longer than its lease lasts, as on a machine that was suspended. It
// knows nothing then: not even its rollback may move the traffic, since what is
// good may be another slot by now. While the lease is fresh nobody is asked.
func (r *run) overtaken(ctx context.Context) error {
	if now().Sub(time.Unix(0, r.sure.Load())) < LeaseExpiry {
		return nil
	}
	return r.ours(context.WithoutCancel(ctx))
}

// errSilent is in the loss of a lease whose store did not answer: nobody is known to
// have taken over.
var errSilent = errors.New("its store does not answer")

// ours is nil when the lease is still held, as its store says.
func (r *run) ours(ctx context.Context) error {
	err := call(ctx, restoreTime, "renewing the lease", r.renew)
	if err != nil && !errors.Is(err, ErrLost) {
		err = fmt.Errorf("%w: %w: %w", ErrLost, errSilent, err)
	}
	return err
}

// hold renews the lease until stop is called. The context that it returns ends
// when the lease is lost, with ErrLost as its cause.
func (r *run) hold(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		end(r.keep(ctx))
	}()
	return ctx, func() {
		end(context.Canceled)
		<-stopped
	}
}

// keep renews until ctx ends or the lease is lost. A store that does not answer
// loses the lease a little before it expires there.
func (r *run) keep(ctx context.Context) error {
	const margin = 5 * time.Second
	for renewed, pause := time.Now(), RenewEvery; ; {
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
		asked := time.Now()
		err := call(ctx, margin, "renewing the lease", r.renew)
		switch {
		case err == nil:
			renewed, pause = asked, RenewEvery
		case errors.Is(err, ErrLost):
			return err
		case time.Since(renewed) > LeaseExpiry-2*margin:
			return fmt.Errorf("%w: %w: not renewed for %v: %w", ErrLost, errSilent, time.Since(renewed).Round(time.Second), err)
		default:
			pause = time.Second
		}
	}
}

// release ends the lease well, so that nobody takes this process for a lost
// one. Where that fails the lease expires by itself, and a guard will see to it
// that the traffic is at the good slot.
func (r *run) release(ctx context.Context) {
	err := call(context.WithoutCancel(ctx), time.Second, "releasing the lease", func(ctx context.Context) error {
		return r.Leases.Release(ctx, Token(r.token.Load()))
	})
	if err != nil {
		r.say(Warned, "the lease was not released and will expire: %v", err)
	}
}
