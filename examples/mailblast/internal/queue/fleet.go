package queue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Member is a living worker as it describes itself.
type Member struct {
	ID         string
	Version    string
	Processed  int64 // messages settled since the process started
	Failed     int64 // attempts that failed since then
	PerMinute  int64 // messages settled in the last minute
	CPUPercent float64
	MemoryMB   float64
}

// Totals counts the settled messages of a slot, over all its workers and releases.
type Totals struct {
	Delivered, Bounced, Failed int64
}

// Beat renews the worker's heartbeat and publishes its counters.
func (h *Hand) Beat(ctx context.Context, m Member) error {
	key := h.queue.workerKey(h.member())
	pipe := h.queue.redis.TxPipeline()
	pipe.HSet(ctx, key, "version", m.Version, "processed", m.Processed, "failed", m.Failed,
		"per_minute", m.PerMinute, "cpu_percent", m.CPUPercent, "memory_mb", m.MemoryMB,
		"at", time.Now().UTC().Format(time.RFC3339))
	pipe.PExpire(ctx, key, h.ttl)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("renew heartbeat of %s: %w", h.member(), err)
	}
	return nil
}

// Leave ends the heartbeat of a worker that has nothing in its hand.
func (h *Hand) Leave(ctx context.Context) error {
	if err := h.queue.redis.Del(ctx, h.queue.workerKey(h.member())).Err(); err != nil {
		return fmt.Errorf("end heartbeat of %s: %w", h.member(), err)
	}
	return nil
}

// Alive reports whether a worker has a heartbeat.
func (q *Queue) Alive(ctx context.Context, slot, id string) (bool, error) {
	n, err := q.redis.Exists(ctx, q.workerKey(slot+":"+id)).Result()
	if err != nil {
		return false, fmt.Errorf("look for worker %s: %w", id, err)
	}
	return n == 1, nil
}

// Members lists the living workers of a slot, in the order of their ids.
func (q *Queue) Members(ctx context.Context, slot string) ([]Member, error) {
	prefix := q.workerKey(slot + ":")
	keys, err := q.scan(ctx, prefix+"*")
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	var members []Member
	for _, key := range keys {
		fields, err := q.redis.HGetAll(ctx, key).Result()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", key, err)
		}
		if len(fields) > 0 { // it may have expired since
			members = append(members, member(strings.TrimPrefix(key, prefix), fields))
		}
	}
	return members, nil
}

func member(id string, fields map[string]string) Member {
	whole := func(name string) int64 { n, _ := strconv.ParseInt(fields[name], 10, 64); return n }
	decimal := func(name string) float64 { f, _ := strconv.ParseFloat(fields[name], 64); return f }
	return Member{
		ID: id, Version: fields["version"],
		Processed: whole("processed"), Failed: whole("failed"), PerMinute: whole("per_minute"),
		CPUPercent: decimal("cpu_percent"), MemoryMB: decimal("memory_mb"),
	}
}

// Totals reads what the slot's workers have settled.
func (q *Queue) Totals(ctx context.Context, slot string) (Totals, error) {
	var t struct {
		Delivered int64 `redis:"delivered"`
		Bounced   int64 `redis:"bounced"`
		Failed    int64 `redis:"failed"`
	}
	if err := q.redis.HGetAll(ctx, q.totalsKey(slot)).Scan(&t); err != nil {
		return Totals{}, fmt.Errorf("read totals of %s: %w", slot, err)
	}
	return Totals(t), nil
}
