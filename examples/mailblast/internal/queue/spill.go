package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// replayed is how many events are offered at once.
const replayed = 500

// Spill keeps tracking events in a Redis list beside the queue, shared by the
// backends of both slots.
type Spill struct {
	redis *redis.Client
	key   string
}

// Spill returns the list of kept tracking events.
func (q *Queue) Spill() *Spill { return &Spill{redis: q.redis, key: q.name + ":tracking"} }

// Keep appends events.
func (s *Spill) Keep(ctx context.Context, events []tracking.Event) error {
	if len(events) == 0 {
		return nil
	}
	values := make([]any, len(events))
	for i, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("keep tracking event: %w", err)
		}
		values[i] = b
	}
	if err := s.redis.RPush(ctx, s.key, values...).Err(); err != nil {
		return fmt.Errorf("keep %d tracking events: %w", len(events), err)
	}
	return nil
}

// Replay offers the oldest kept events to write, and removes each of them by
// its value when that returned nil. Two backends may offer the same events at
// once; writing them is idempotent, and each removes only what it wrote.
func (s *Spill) Replay(ctx context.Context, write func([]tracking.Event) error) (int, error) {
	kept, err := s.redis.LRange(ctx, s.key, 0, replayed-1).Result()
	if err != nil {
		return 0, fmt.Errorf("read kept tracking events: %w", err)
	}
	if len(kept) == 0 {
		return 0, nil
	}
	events := make([]tracking.Event, 0, len(kept))
	for _, raw := range kept {
		var e tracking.Event
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			return 0, fmt.Errorf("read kept tracking event: %w", err)
		}
		events = append(events, e)
	}
	if err := write(events); err != nil {
		return 0, err
	}
	pipe := s.redis.Pipeline()
	for _, raw := range kept {
		pipe.LRem(ctx, s.key, 1, raw)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, fmt.Errorf("forget kept tracking events: %w", err)
	}
	return len(events), nil
}
