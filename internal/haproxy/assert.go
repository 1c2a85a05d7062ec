package haproxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A reload of HAProxy takes as long as it reads its configuration: seconds where
// there are many certificates.
const (
	assertTime = 30 * time.Second
	lookEvery  = 100 * time.Millisecond
)

// Assert watches after a rollback that the traffic stays at the slot, and moves
// it there again, unless a shift that has begun since has moved it. A HAProxy
// that is being reloaded at that moment has read the map before the rollback wrote
// it, and takes over with the split before. The text says what it saw. A look that
// the end of ctx cuts short says nothing.
func (p *Proxy) Assert(ctx context.Context, slot release.Slot) (string, error) {
	begin, again, last := time.Now(), 0, errors.New("nobody has looked")
	for {
		err := p.stays(ctx, slot, &again)
		if errors.Is(err, errNewer) {
			return fmt.Sprintf("looked at HAProxy for %v, and left the traffic to a newer shift", time.Since(begin).Round(time.Second)), nil
		}
		if ctx.Err() == nil {
			last = err
		}
		over := time.Since(begin) >= assertTime || ctx.Err() != nil
		if over && last != nil {
			return "", fmt.Errorf("assert the rollback: %w", last)
		}
		if over {
			return fmt.Sprintf("looked at HAProxy for %v, and moved the traffic again %d times", time.Since(begin).Round(time.Second), again), nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

func (p *Proxy) stays(ctx context.Context, slot release.Slot, again *int) error {
	now, err := p.look(ctx)
	if err == nil {
		weights, err := now.weights()
		switch {
		case err == nil && weights == release.Split(slot, 100):
			return nil
		case err == nil && p.newer(ctx, now):
			return errNewer
		}
	}
	if err := p.Restore(ctx, slot); err != nil {
		return err
	}
	*again++
	return nil
}

var errNewer = errors.New("a newer shift has moved the traffic")

// newer says whether the map has a token that no rollback has refused. What was
// refused is taken from the file as well: a HAProxy that was started from an
// older one does not know of it.
func (p *Proxy) newer(ctx context.Context, now table) bool {
	written, err := p.written(ctx)
	return err == nil && now.newest() > max(now[closed], written[closed])
}
