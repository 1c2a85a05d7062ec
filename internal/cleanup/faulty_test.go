package cleanup_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var errKilled = errors.New("killed")

// faulty is a real engine whose process dies at one of its effects: nothing that it
// is asked for from then on happens.
type faulty struct {
	slot.Engine
	mu     sync.Mutex
	now    int
	kill   int               // the number of the effect; 0 for never
	before map[string]func() // called before the first "stop" and the first "discard"
}

func (f *faulty) set(kill int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.kill = 0, kill
}

func (f *faulty) effect(do func() error) error {
	f.mu.Lock()
	f.now++
	dead := f.kill > 0 && f.now >= f.kill
	f.mu.Unlock()
	if dead {
		return errKilled
	}
	return do()
}

func (f *faulty) hook(call string) {
	f.mu.Lock()
	do := f.before[call]
	delete(f.before, call)
	f.mu.Unlock()
	if do != nil {
		do()
	}
}

func (f *faulty) Start(ctx context.Context, id string) error {
	return f.effect(func() error { return f.Engine.Start(ctx, id) })
}

func (f *faulty) Stop(ctx context.Context, id string, grace time.Duration) error {
	f.hook("stop")
	return f.effect(func() error { return f.Engine.Stop(ctx, id, grace) })
}

func (f *faulty) Remove(ctx context.Context, id string) error {
	return f.effect(func() error { return f.Engine.Remove(ctx, id) })
}

func (f *faulty) RemoveNetwork(ctx context.Context, id string) error {
	return f.effect(func() error { return f.Engine.RemoveNetwork(ctx, id) })
}

func (f *faulty) Discard(ctx context.Context, reference string) (gone bool, err error) {
	f.hook("discard")
	err = f.effect(func() error { gone, err = f.Engine.Discard(ctx, reference); return err })
	return gone, err
}

type ledger struct {
	traffic.Ledger
	*faulty
}

func (l ledger) Update(ctx context.Context, change func(*traffic.Page) error) error {
	return l.effect(func() error { return l.Ledger.Update(ctx, change) })
}
