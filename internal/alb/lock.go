package alb

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// The lock is a tag with the name of who holds it, and it rests on time, since
// the API has no compare-and-set: who finds it free writes its own name, waits
// for longer than the write of another who found it free as well may take, and
// holds it if its name is still there (Fischer's algorithm). The wait is never
// shorter than the write before it took. A holder looks again before it commits.
// No clock is compared with another's.
const (
	lockDelay = 250 * time.Millisecond
	holdTime  = 3 * time.Second // a holder commits within it, or not at all
	leftTime  = 5 * time.Second // a lock that has not changed for so long was left by a process that is gone
)

var errOvertaken = errors.New("another process has the lock of the ledger")

// lock is a lock that is held.
type lock struct {
	b     *Balancer
	name  string
	since time.Time
}

// lock waits for the lock until ctx ends.
func (b *Balancer) lock(ctx context.Context) (*lock, error) {
	name := rand.Text()
	seen, since := "", time.Now()
	for {
		now, err := b.tags(ctx)
		if err != nil {
			return nil, err
		}
		if have := now[lockKey]; have != seen {
			seen, since = have, time.Now()
		}
		if seen != "" && time.Since(since) < leftTime {
			if !sleep(ctx, lockDelay/2) {
				return nil, context.Cause(ctx)
			}
			continue
		}
		if l, err := b.claim(ctx, name); l != nil || err != nil {
			return l, err
		}
	}
}

// claim writes the name and waits whether it stays. It is nil where it does not.
func (b *Balancer) claim(ctx context.Context, name string) (*lock, error) {
	begin := time.Now()
	if err := b.put(ctx, tags{lockKey: name}); err != nil {
		return nil, err
	}
	l := &lock{b, name, time.Now()}
	if !sleep(ctx, max(lockDelay, l.since.Sub(begin))) {
		l.unlock(ctx)
		return nil, context.Cause(ctx)
	}
	switch err := l.holds(ctx); {
	case errors.Is(err, errOvertaken):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return l, nil
}

// holds looks whether the lock is still this one's.
func (l *lock) holds(ctx context.Context) error {
	now, err := l.b.tags(ctx)
	if err != nil {
		return err
	}
	if now[lockKey] != l.name || time.Since(l.since) > holdTime {
		return errOvertaken
	}
	return nil
}

// commit writes what makes the change count, while the lock is still sure to be
// this one's.
func (l *lock) commit(ctx context.Context, t tags) error {
	ctx, cancel := context.WithDeadlineCause(ctx, l.since.Add(leftTime-lockDelay), errOvertaken)
	defer cancel()
	if err := l.holds(ctx); err != nil {
		return err
	}
	return l.b.put(ctx, t)
}

// unlock frees the lock, unless it may be another's by now. One that cannot be
// freed is taken over after leftTime.
func (l *lock) unlock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	if l.holds(ctx) == nil {
		_ = l.b.drop(ctx, []string{lockKey})
	}
}
