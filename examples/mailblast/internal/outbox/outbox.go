// Package outbox carries accepted messages from the database to the queue.
//
// A send is acknowledged when its messages are committed; the push follows. So
// an accepted message reaches the queue even if the process dies in between:
// any backend of the slot goes on, and after ten seconds one of the other
// slot. Pushing first would queue messages that are then not accepted, and
// pushing after the commit without an outbox would lose them in a crash.
package outbox

import (
	"context"
	"log/slog"
	"time"
)

// Store hands pending jobs to push and marks them as queued.
type Store interface {
	Relay(ctx context.Context, push func(ctx context.Context, lane string, jobs ...string) error) (int, error)
}

// Queue takes jobs.
type Queue interface {
	Push(ctx context.Context, lane string, jobs ...string) error
}

// The rhythm of a relay that nobody calls, and the limit of one round.
const (
	rhythm   = time.Second
	patience = 5 * time.Second
)

// Relay empties the outbox.
type Relay struct {
	store Store
	queue Queue
	log   *slog.Logger
	call  chan struct{}
}

// New returns a relay. Run must be called for it to work.
func New(store Store, queue Queue, log *slog.Logger) *Relay {
	return &Relay{store: store, queue: queue, log: log, call: make(chan struct{}, 1)}
}

// Call says that there is something to relay. It does not wait.
func (r *Relay) Call() {
	select {
	case r.call <- struct{}{}:
	default:
	}
}

// Run relays when called, and once a second, until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	ticker := time.NewTicker(rhythm)
	defer ticker.Stop()
	for {
		select {
		case <-r.call:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		r.Empty(ctx)
	}
}

// Empty relays until nothing is pending or a round does not work.
func (r *Relay) Empty(ctx context.Context) {
	for {
		limited, cancel := context.WithTimeout(ctx, patience)
		n, err := r.store.Relay(limited, r.queue.Push)
		cancel()
		if err != nil && ctx.Err() == nil {
			r.log.Error("Relaying the outbox was put off", "error", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}
