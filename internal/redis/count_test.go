package redis_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
)

// Workers take jobs one by one, do them, and put them in, as fast as they can. A
// count in the middle of it misses none, and one that goes astray is seen.
func TestNoJobGoesAstrayWhileWorkersAreBusy(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	settings := queue.Settings{Name: "jobs", Produced: "jobs:produced", Done: "jobs:totals:"}
	run(t, plain, "SET", "jobs:produced", 200)
	for i := range 200 {
		run(t, plain, "LPUSH", "jobs", fmt.Sprint("job ", i))
	}
	busy, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, slot := range []string{"blue", "green"} {
		for i := range 4 {
			all.Go(func() { work(busy, plain, slot, i) })
		}
	}
	before, err := settings.Count(t.Context(), client)
	for range 10 {
		after, err2 := settings.Count(t.Context(), client)
		if lost, known := queue.Lost(before, after); err != nil || err2 != nil || !known || lost < -8 || lost > 8 {
			t.Errorf("lost %d, %t: %v, %v; want no more than the workers have in hand", lost, known, err, err2)
		}
	}
	stop()
	all.Wait()
	after, err := settings.Count(t.Context(), client)
	if lost, known := queue.Lost(before, after); err != nil || !known || lost < -8 || lost > 8 {
		t.Errorf("lost %d, %t, %v", lost, known, err)
	}
	quiet, err := settings.Count(t.Context(), client)
	if lost, _ := queue.Lost(after, quiet); err != nil || lost != 0 {
		t.Errorf("nothing happens, and %d are lost, %v", lost, err)
	}
	run(t, plain, "RPOP", "jobs")
	astray, err := settings.Count(t.Context(), client)
	if lost, _ := queue.Lost(quiet, astray); err != nil || lost != 1 {
		t.Errorf("one went astray, and %d are said to be, %v", lost, err)
	}
}

var settle = goredis.NewScript(`
redis.call('LREM', KEYS[1], 1, ARGV[1])
redis.call('HINCRBY', KEYS[2], 'sent', 1)
redis.call('INCR', KEYS[3])
return redis.call('LPUSH', KEYS[4], ARGV[1])`)

// work takes a job to its own list, and settles it there while another one like it
// is put in.
func work(ctx context.Context, plain *goredis.Client, slot string, i int) {
	mine := fmt.Sprintf("jobs:processing:%s:%d", slot, i)
	for ctx.Err() == nil {
		job, err := plain.LMove(context.Background(), "jobs", mine, "RIGHT", "LEFT").Result()
		if err == nil {
			_ = settle.Run(context.Background(), plain, []string{mine, "jobs:totals:" + slot, "jobs:produced", "jobs"}, job).Err()
		}
	}
}

func TestCountersOfAnyForm(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	run(t, plain, "SET", "number", 41)
	run(t, plain, "HSET", "hash", "sent", 3, "failed", 4)
	if _, sums, err := client.Tally(t.Context(), nil, []string{"number", "hash", "none"}); err != nil || !slices.Equal(sums, []int64{41, 7, 0}) {
		t.Errorf("%v, %v", sums, err)
	}
	run(t, plain, "SET", "text", "many")
	run(t, plain, "HSET", "words", "a", "b")
	run(t, plain, "LPUSH", "list", "1")
	for _, key := range []string{"text", "words", "list"} {
		if _, sums, err := client.Tally(t.Context(), nil, []string{"number", key}); err == nil || !strings.Contains(err.Error(), "key "+key+" is a ") {
			t.Errorf("%s: %v, %v", key, sums, err)
		}
	}
}

func TestTheFirstJobsAreReadAndNotTaken(t *testing.T) {
	t.Parallel()
	client, plain := open(t)
	for i := range 30 {
		run(t, plain, "LPUSH", "list", i)
		run(t, plain, "ZADD", "set", i, fmt.Sprint("z", i))
	}
	run(t, plain, "XADD", "stream", "*", "a", "b")
	for key, want := range map[string][]string{"list": {"1", "0"}, "set": {"z0", "z1"}, "stream": {`["a","b"]`}, "none": {}} {
		if got, err := client.First(t.Context(), key, 2); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
	if n := plain.LLen(t.Context(), "list").Val(); n != 30 {
		t.Errorf("%d jobs left of 30", n)
	}
}
