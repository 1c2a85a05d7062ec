package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

const addEvents = `
INSERT INTO tracking_events (message_id, kind, url, slot, occurred_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (message_id, kind) DO NOTHING
RETURNING kind`

// StoreEvents writes those events that are the first of their message and
// kind, and returns how many that were by kind.
func (s *Store) StoreEvents(ctx context.Context, events []tracking.Event) (map[tracking.Kind]int, error) {
	n := len(events)
	messages, kinds, urls, slots := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	times := make([]time.Time, n)
	for i, e := range events {
		messages[i], kinds[i], urls[i], slots[i], times[i] = e.Message, string(e.Kind), e.URL, e.Slot, e.At
	}
	rows, _ := s.pool.Query(ctx, addEvents, messages, kinds, urls, slots, times)
	stored, err := pgx.CollectRows(rows, pgx.RowTo[tracking.Kind])
	if err != nil {
		return nil, fmt.Errorf("store %d tracking events: %w", n, err)
	}
	counts := map[tracking.Kind]int{}
	for _, k := range stored {
		counts[k]++
	}
	return counts, nil
}
