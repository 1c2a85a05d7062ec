package tracking

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Store writes events, each message and kind once, and says how many of each
// kind were new.
type Store interface {
	StoreEvents(ctx context.Context, events []Event) (map[Kind]int, error)
}

// Spill keeps events while the store cannot be reached.
type Spill interface {
	Keep(ctx context.Context, events []Event) error
	// Replay offers a batch of kept events to write and forgets them when that
	// returns nil. It returns how many there were.
	Replay(ctx context.Context, write func([]Event) error) (int, error)
}

// Counts is told what became of events.
type Counts interface {
	Stored(kind Kind, n int)
	Dropped(n int)
	Held(n int) // how many are in memory now
}

// The rhythm of the buffer. Capacity is what memory holds, about 20 MB.
const (
	Capacity = 100_000
	batch    = 1000
	rhythm   = 100 * time.Millisecond
	pause    = time.Second // after a failure, and between looks at the spill
	patience = 3 * time.Second
)

type key struct {
	message string
	kind    Kind
}

// Buffer holds events until they are written.
type Buffer struct {
	store  Store
	spill  Spill
	counts Counts
	log    *slog.Logger

	mu   sync.Mutex
	held map[key]Event
}

// NewBuffer returns an empty buffer. Run must be called for it to write.
func NewBuffer(store Store, spill Spill, counts Counts, log *slog.Logger) *Buffer {
	return &Buffer{store: store, spill: spill, counts: counts, log: log, held: map[key]Event{}}
}

// Add notes an event without waiting. An event that is held already is not
// held twice. Beyond Capacity, new events are dropped and counted.
func (b *Buffer) Add(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{e.Message, e.Kind}
	if _, known := b.held[k]; known {
		return
	}
	if len(b.held) >= Capacity {
		b.counts.Dropped(1)
		return
	}
	b.held[k] = e
	b.counts.Held(len(b.held))
}

// Run writes events behind until ctx ends. Then Close writes the rest.
func (b *Buffer) Run(ctx context.Context) {
	next := time.Now()
	for {
		wait := rhythm
		if err := b.flush(ctx); err != nil {
			b.complain(ctx, "Writing tracking events behind was put off", err)
			wait = pause
		} else if time.Now().After(next) {
			b.replay(ctx)
			next = time.Now().Add(pause)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// Close writes what is held, to the store or else to the spill. The store gets
// half of the time that ctx leaves, so that a silent one cannot use up all of it.
func (b *Buffer) Close(ctx context.Context) error {
	half, cancel := context.WithTimeout(ctx, remaining(ctx)/2)
	defer cancel()
	if err := b.flush(half); err == nil {
		return nil
	}
	events := b.take(Capacity)
	if err := b.spill.Keep(ctx, events); err != nil {
		b.counts.Dropped(len(events))
		return err
	}
	b.log.Warn("Tracking events were left for a later process", "events", len(events))
	return nil
}

func remaining(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return time.Until(end)
	}
	return 2 * patience
}

// flush writes everything held. What could not be written stays held, or goes
// to the spill when memory is half full.
func (b *Buffer) flush(ctx context.Context) error {
	for {
		events := b.take(batch)
		if len(events) == 0 {
			return nil
		}
		err := b.write(ctx, events)
		if err == nil {
			continue
		}
		if b.size()+len(events) > Capacity/2 && b.keep(ctx, events) == nil {
			continue
		}
		b.putBack(events)
		return err
	}
}

func (b *Buffer) write(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stored, err := b.store.StoreEvents(ctx, events)
	for kind, n := range stored {
		b.counts.Stored(kind, n)
	}
	return err
}

func (b *Buffer) keep(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.spill.Keep(ctx, events)
}

func (b *Buffer) replay(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	n, err := b.spill.Replay(limited, func(events []Event) error { return b.write(limited, events) })
	if err != nil {
		b.complain(ctx, "Writing kept tracking events was put off", err)
	} else if n > 0 {
		b.log.Info("Kept tracking events were written", "events", n)
	}
}

// complain is silent when the process is ending anyway.
func (b *Buffer) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		b.log.Error(what, "held", b.size(), "error", err)
	}
}

func (b *Buffer) take(n int) []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := make([]Event, 0, min(n, len(b.held)))
	for k, e := range b.held {
		if len(events) == n {
			break
		}
		events = append(events, e)
		delete(b.held, k)
	}
	b.counts.Held(len(b.held))
	return events
}

func (b *Buffer) putBack(events []Event) {
	for _, e := range events {
		b.Add(e)
	}
}

func (b *Buffer) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.held)
}
