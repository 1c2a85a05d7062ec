package queue

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Promote moves the jobs that are due from the retry set back into the queue,
// at most 100, and returns how many.
func (h *Hand) Promote(ctx context.Context, now time.Time) (int, error) {
	keys := []string{h.list + ":retry", h.list}
	n, err := promote.Run(ctx, h.queue.redis, keys, now.UnixMilli()).Int()
	if err != nil {
		return 0, fmt.Errorf("promote retries of %s: %w", h.list, err)
	}
	return n, nil
}

// Sweep takes back the jobs of workers of either slot whose heartbeat has
// ended, each worker atomically, and returns how many jobs by worker. They
// are the next to be taken.
func (h *Hand) Sweep(ctx context.Context) (map[string]int, error) {
	prefix := h.list + ":processing:"
	lists, err := h.queue.scan(ctx, prefix+"*")
	if err != nil {
		return nil, err
	}
	taken := map[string]int{}
	for _, list := range lists {
		member := strings.TrimPrefix(list, prefix)
		keys := []string{list, h.queue.workerKey(member), h.list}
		n, err := reclaim.Run(ctx, h.queue.redis, keys).Int()
		if err != nil {
			return taken, fmt.Errorf("take back jobs of %s: %w", member, err)
		}
		if n > 0 {
			taken[member] = n
		}
	}
	return taken, nil
}
