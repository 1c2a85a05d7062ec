package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Hand is one worker's side of the queue. It holds at most one job.
type Hand struct {
	queue  *Queue
	slot   string
	id     string
	list   string // where it takes from
	ttl    time.Duration
	unsure bool // the processing list may hold a job that we do not know of
}

// Hand returns the hand of a worker that takes from a lane. Its id must be
// its own: a second process with the same slot and id would be taken for its
// next life. A worker whose heartbeat is older than ttl counts as dead.
func (q *Queue) Hand(slot, id, lane string, ttl time.Duration) *Hand {
	return &Hand{queue: q, slot: slot, id: id, list: q.lane(lane), ttl: ttl, unsure: true}
}

func (h *Hand) member() string     { return h.slot + ":" + h.id }
func (h *Hand) processing() string { return h.list + ":processing:" + h.member() }

// Take waits for a job for about the given time, at least a second, and
// returns an empty string when there is none. First it looks whether the
// processing list holds one already: of an earlier life of this worker, or
// one whose taking was not confirmed because the connection broke.
func (h *Hand) Take(ctx context.Context, wait time.Duration) (string, error) {
	if h.unsure {
		raw, err := h.queue.redis.LIndex(ctx, h.processing(), -1).Result()
		if err == nil {
			return raw, nil
		}
		if !errors.Is(err, redis.Nil) {
			return "", fmt.Errorf("look into %s: %w", h.processing(), err)
		}
		h.unsure = false
	}
	raw, err := h.queue.redis.BLMove(ctx, h.list, h.processing(), "RIGHT", "LEFT", wait).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		h.unsure = true
		return "", fmt.Errorf("take from %s: %w", h.list, err)
	}
	return raw, nil
}

// Standing says whether the job in hand may be carried out.
type Standing string

// What Begin may answer.
const (
	Go   Standing = "go"   // send it
	Gone Standing = "gone" // it is no longer ours: forget it
	Busy Standing = "busy" // another living worker sends the same message
	Done Standing = "done" // the mail went out before, and was not yet settled
)

// Begin claims the message for this worker and renews its heartbeat, so the
// job stays ours for at least ttl. With Done comes the outcome.
func (h *Hand) Begin(ctx context.Context, raw, message string) (Standing, string, error) {
	q := h.queue
	keys := []string{h.processing(), q.claimKey(message), q.workerKey(h.member())}
	answer, err := begin.Run(ctx, q.redis, keys,
		raw, h.member(), q.workerKey(""), h.ttl.Milliseconds(), claimLife.Milliseconds()).StringSlice()
	if err != nil {
		return "", "", fmt.Errorf("claim message %s: %w", message, err)
	}
	return Standing(answer[0]), answer[1], nil
}

// Reached writes down that the mail server has given its verdict. It is the
// first thing done after it: from here on nobody sends the message again.
func (h *Hand) Reached(ctx context.Context, message, outcome string) error {
	value := "done:" + h.slot + ":" + outcome
	if err := h.queue.redis.Set(ctx, h.queue.claimKey(message), value, claimLife).Err(); err != nil {
		return fmt.Errorf("note outcome of message %s: %w", message, err)
	}
	return nil
}

// Finish acknowledges a settled job and counts its outcome, once.
func (h *Hand) Finish(ctx context.Context, raw, message string) error {
	keys := []string{h.processing(), h.queue.claimKey(message)}
	return h.run(ctx, "finish", finish, keys, raw, h.queue.totalsKey(""))
}

// Retry puts the job aside until it is due, as next, and gives up the claim.
func (h *Hand) Retry(ctx context.Context, raw, next, message string, due time.Time) error {
	keys := []string{h.processing(), h.list + ":retry", h.queue.claimKey(message)}
	return h.run(ctx, "put aside", retry, keys, raw, next, due.UnixMilli(), h.member())
}

// Fail moves the job to the failed list and counts it.
func (h *Hand) Fail(ctx context.Context, raw, message string) error {
	keys := []string{h.processing(), h.list + ":failed", h.queue.claimKey(message), h.queue.totalsKey(h.slot)}
	return h.run(ctx, "fail", fail, keys, raw, h.member())
}

// Park moves a job that this version does not know to the parked list,
// unchanged, so that moving it back is all that another version needs.
func (h *Hand) Park(ctx context.Context, raw string) error {
	return h.run(ctx, "park", move, []string{h.processing(), h.list + ":parked"}, raw, "LEFT")
}

// GiveBack returns a job that was not begun; it is the next to be taken.
func (h *Hand) GiveBack(ctx context.Context, raw string) error {
	return h.run(ctx, "give back", move, []string{h.processing(), h.list}, raw, "RIGHT")
}

func (h *Hand) run(ctx context.Context, verb string, script *redis.Script, keys []string, args ...any) error {
	if err := script.Run(ctx, h.queue.redis, keys, args...).Err(); err != nil {
		h.unsure = true
		return fmt.Errorf("%s job of %s: %w", verb, h.member(), err)
	}
	return nil
}
