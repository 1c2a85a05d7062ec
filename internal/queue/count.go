package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Counters is a server that also keeps counts.
type Counters interface {
	Lists
	// Tally counts the jobs under each key, and what each counter says, all at
	// one instant. A counter that does not exist says 0.
	Tally(ctx context.Context, keys, counters []string) ([]Length, []int64, error)
}

// Entries is a server whose jobs can be read without taking them.
type Entries interface {
	// First reads up to n jobs of a key.
	First(ctx context.Context, key string, n int) ([]string, error)
}

// Count is a depth, and the application's own counters of the same instant.
type Count struct {
	Depth
	At       time.Time              `json:"at"`
	Produced *int64                 `json:"produced,omitempty"` // jobs ever put in; nil where nobody counts
	Done     map[release.Slot]int64 `json:"done,omitempty"`     // jobs done with, by the slot that did them
}

// looks is how often a count is taken, since a worker that takes its first job
// between two questions has it in a list that nobody had asked for.
const (
	looks = 3
	apart = 30 * time.Millisecond
)

// Count counts the jobs wherever they are, and reads the counters. Of several
// looks it keeps the one that misses the fewest jobs.
func (s Settings) Count(ctx context.Context, on Counters) (Count, error) {
	if s.Name == "" {
		return Count{}, release.Reject("set queue.name to the key that jobs wait under", "queue.name is missing")
	}
	working := map[string]bool{}
	var best Count
	for i := range looks {
		if i > 0 {
			select {
			case <-ctx.Done():
				return Count{}, context.Cause(ctx)
			case <-time.After(apart):
			}
		}
		one, err := s.count(ctx, on, working)
		if err != nil {
			return Count{}, err
		}
		if i == 0 || one.astray() < best.astray() {
			best = one
		}
	}
	return best, nil
}

// count takes one look. It adds to the lists of jobs in work that were ever seen.
func (s Settings) count(ctx context.Context, on Counters, working map[string]bool) (Count, error) {
	keys, err := on.Keys(ctx, s.processing())
	if err != nil {
		return Count{}, fmt.Errorf("list jobs in work under %s: %w", s.processing(), err)
	}
	for _, key := range keys {
		working[key] = true
	}
	lists := append([]string{s.Name, s.delayed(), s.parked()}, slices.Sorted(maps.Keys(working))...)
	all, sums, err := on.Tally(ctx, lists, s.counters())
	if err != nil {
		return Count{}, fmt.Errorf("measure queue %s: %w", s.Name, err)
	}
	if len(all) != len(lists) || len(sums) != len(s.counters()) {
		return Count{}, fmt.Errorf("measure queue %s: %d and %d answers to %d keys", s.Name, len(all), len(sums), len(lists)+len(s.counters()))
	}
	c := Count{Depth: depth(all), At: time.Now().UTC()}
	if s.Produced != "" {
		c.Produced, sums = &sums[0], sums[1:]
	}
	if s.Done != "" {
		c.Done = map[release.Slot]int64{release.Blue: sums[0], release.Green: sums[1]}
	}
	return c, nil
}

// counters are the keys that are read: the produced one first, then blue's and
// green's.
func (s Settings) counters() (keys []string) {
	if s.Produced != "" {
		keys = append(keys, s.Produced)
	}
	if s.Done != "" {
		keys = append(keys, s.Done+string(release.Blue), s.Done+string(release.Green))
	}
	return keys
}

// Finished is how many jobs are done with in all.
func (c Count) Finished() int64 { return c.Done[release.Blue] + c.Done[release.Green] }

// astray is how many jobs are neither done with nor anywhere, if both counters
// began with the queue. Only its change means something.
func (c Count) astray() int64 {
	if c.Produced == nil {
		return -c.Finished() - c.Jobs()
	}
	return *c.Produced - c.Finished() - c.Jobs()
}

// Lost is how many jobs went astray between two counts, and how many are done
// more often than they were put in, when negative. It is false where the
// application keeps no counters: then nobody can tell.
func Lost(before, after Count) (jobs int64, known bool) {
	if before.Produced == nil || after.Produced == nil || before.Done == nil || after.Done == nil {
		return 0, false
	}
	return after.astray() - before.astray(), true
}

// most is how many parked jobs are named.
const most = 1000

// ParkedKinds counts the parked jobs by the name of their kind, such as "email/2",
// up to 1000 of them.
func (s Settings) ParkedKinds(ctx context.Context, on Entries) (map[string]int, error) {
	jobs, err := on.First(ctx, s.parked(), most)
	if err != nil {
		return nil, fmt.Errorf("read parked jobs under %s: %w", s.parked(), err)
	}
	kinds := map[string]int{}
	for _, job := range jobs {
		kinds[s.kind(job)]++
	}
	return kinds, nil
}

// unreadable is the kind of a job without one.
const unreadable = "unreadable"

// A kind is shown to people, so what could be a customer's is none.
var kindForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)

func (s Settings) kind(job string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(job), &fields) != nil {
		return unreadable
	}
	var parts []string
	for _, name := range s.Kind {
		value, ok := fields[name]
		if !ok {
			continue
		}
		part := fmt.Sprint(value)
		if !kindForm.MatchString(part) {
			return unreadable
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return unreadable
	}
	return strings.Join(parts, "/")
}

// Resting is the keys of jobs that nobody has in hand, by what they are called.
func (s Settings) Resting() map[string]string {
	return map[string]string{"waiting": s.Name, "delayed": s.delayed(), "parked": s.parked()}
}
