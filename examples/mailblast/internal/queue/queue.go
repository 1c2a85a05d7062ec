// Package queue is the reliable queue of MailBlast on a Redis list, shared by
// the workers of both slots.
//
// It promises that a job is in exactly one list at any instant: waiting in the
// queue, in the processing list of one worker, waiting for its retry, parked
// or failed. Jobs move by single Redis commands or scripts, so a process that
// is killed anywhere loses none. Jobs of a worker whose heartbeat has ended are
// taken back by the others; those of a living worker never are. It refuses to
// drop or acknowledge a job that it does not know: that is parked.
//
// With the queue email_queue the keys are:
//
//	email_queue                             list, jobs that wait; pushed left, taken right
//	email_queue:processing:<slot>:<worker>  list, the job in a worker's hand
//	email_queue:retry                       sorted set, jobs by the time they are due, in ms
//	email_queue:parked, email_queue:failed  lists, for people
//	email_queue:worker:<slot>:<worker>      hash, heartbeat and counters, expires
//	email_queue:claim:<message>             who sends a message, or how it ended, until it is settled
//	email_queue:totals:<slot>               hash, settled messages by outcome, of all workers ever
//
// A lane is a queue beside the shared one, for tests of a version that must
// not take customers' jobs: email_queue:lane:<lane> stands for email_queue in
// the first four rows.
package queue

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Queue is the shared queue, seen by those who push and those who watch.
type Queue struct {
	redis *redis.Client
	name  string
}

// Dial prepares a client for the URL. It does not connect yet. The client
// does not repeat a command by itself: a BLMOVE whose answer was lost may
// have moved a job.
func Dial(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL is not a redis URL: set it to redis://host:port/0")
	}
	options.MaxRetries = -1
	return redis.NewClient(options), nil
}

// New returns the queue of that name.
func New(client *redis.Client, name string) *Queue { return &Queue{redis: client, name: name} }

// Ping reports whether Redis answers.
func (q *Queue) Ping(ctx context.Context) error {
	if err := q.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Push appends jobs to a lane, all or none. The empty lane is the shared queue.
func (q *Queue) Push(ctx context.Context, lane string, jobs ...string) error {
	values := make([]any, len(jobs))
	for i, j := range jobs {
		values[i] = j
	}
	if err := q.redis.LPush(ctx, q.lane(lane), values...).Err(); err != nil {
		return fmt.Errorf("push %d jobs to %s: %w", len(jobs), q.lane(lane), err)
	}
	return nil
}

// Depths counts the jobs of the shared queue by where they are.
type Depths struct {
	Waiting, Processing, Delayed, Parked, Failed int64
}

// Depths reads the lengths of all lists.
func (q *Queue) Depths(ctx context.Context) (Depths, error) {
	lists, err := q.scan(ctx, q.name+":processing:*")
	if err != nil {
		return Depths{}, err
	}
	pipe := q.redis.Pipeline()
	waiting, delayed := pipe.LLen(ctx, q.name), pipe.ZCard(ctx, q.name+":retry")
	parked, failed := pipe.LLen(ctx, q.name+":parked"), pipe.LLen(ctx, q.name+":failed")
	processing := make([]*redis.IntCmd, len(lists))
	for i, l := range lists {
		processing[i] = pipe.LLen(ctx, l)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return Depths{}, fmt.Errorf("measure %s: %w", q.name, err)
	}
	d := Depths{Waiting: waiting.Val(), Delayed: delayed.Val(), Parked: parked.Val(), Failed: failed.Val()}
	for _, n := range processing {
		d.Processing += n.Val()
	}
	return d, nil
}

func (q *Queue) lane(lane string) string {
	if lane == "" {
		return q.name
	}
	return q.name + ":lane:" + lane
}

func (q *Queue) workerKey(member string) string { return q.name + ":worker:" + member }
func (q *Queue) claimKey(message string) string { return q.name + ":claim:" + message }
func (q *Queue) totalsKey(slot string) string   { return q.name + ":totals:" + slot }

// scan lists the keys that match. Keys are few: lists that are empty and
// workers that are gone have none.
func (q *Queue) scan(ctx context.Context, pattern string) ([]string, error) {
	var keys []string
	seen := map[string]bool{}
	each := q.redis.Scan(ctx, 0, pattern, 1000).Iterator()
	for each.Next(ctx) {
		if k := each.Val(); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	if err := each.Err(); err != nil {
		return nil, fmt.Errorf("scan %s: %w", pattern, err)
	}
	return keys, nil
}
