package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// counters is lists with counters beside them.
type counters struct {
	lists
	sums map[string]int64
}

func (c counters) Tally(ctx context.Context, keys, sums []string) ([]queue.Length, []int64, error) {
	all, err := c.Lengths(ctx, keys...)
	var said []int64
	for _, key := range sums {
		said = append(said, c.sums[key])
	}
	return all, said, err
}

func TestCount(t *testing.T) {
	t.Parallel()
	full := queue.Settings{Name: "q", Produced: "q:produced", Done: "q:done:"}
	for name, c := range map[string]struct {
		settings      queue.Settings
		before, after counters
		lost          int64
		known         bool
	}{
		"what was done is not lost": {full,
			counters{lists{jobs: map[string]int64{"q": 10}}, map[string]int64{"q:produced": 100, "q:done:blue": 90}},
			counters{lists{jobs: map[string]int64{"q": 2, "q:processing:green:1": 1, "q:parked": 1}}, map[string]int64{"q:produced": 103, "q:done:blue": 95, "q:done:green": 4}}, 0, true},
		"what is nowhere is lost": {full,
			counters{lists{jobs: map[string]int64{"q": 10}}, map[string]int64{"q:produced": 100, "q:done:blue": 90}},
			counters{lists{jobs: map[string]int64{"q": 7}}, map[string]int64{"q:produced": 100, "q:done:blue": 91}}, 2, true},
		"what was lost before is not counted": {full,
			counters{lists{jobs: map[string]int64{"q": 1}}, map[string]int64{"q:produced": 100}},
			counters{lists{jobs: map[string]int64{"q": 1}}, map[string]int64{"q:produced": 100}}, 0, true},
		"what is done twice is seen": {full,
			counters{lists{jobs: map[string]int64{"q": 1}}, map[string]int64{"q:produced": 1}},
			counters{lists{jobs: map[string]int64{"q": 1}}, map[string]int64{"q:produced": 1, "q:done:green": 1}}, -1, true},
		"without a count of what was put in, nobody can tell": {queue.Settings{Name: "q", Done: "q:done:"}, counters{}, counters{}, 0, false},
		"without a count of what was done, nobody can tell":   {queue.Settings{Name: "q", Produced: "q:produced"}, counters{}, counters{}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err1 := c.settings.Count(t.Context(), c.before)
			after, err2 := c.settings.Count(t.Context(), c.after)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if lost, known := queue.Lost(before, after); lost != c.lost || known != c.known {
				t.Errorf("lost %d, known %t; want %d, %t", lost, known, c.lost, c.known)
			}
		})
	}
}

func TestACountIsOfEachSlot(t *testing.T) {
	t.Parallel()
	c, err := queue.Settings{Name: "q", Done: "d:"}.Count(t.Context(), counters{sums: map[string]int64{"d:blue": 3, "d:green": 4}})
	if want := map[release.Slot]int64{release.Blue: 3, release.Green: 4}; err != nil || !cmp.Equal(c.Done, want) || c.Produced != nil || c.Finished() != 7 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestACountThatCouldNotBeHadIsNone(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	if _, err := (queue.Settings{Name: "q"}).Count(t.Context(), counters{lists: lists{err: down}}); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	if _, err := (queue.Settings{Name: "q"}).Count(t.Context(), counters{lists: lists{short: true}}); err == nil {
		t.Error("an answer too few is taken")
	}
	if _, err := (queue.Settings{}).Count(t.Context(), counters{}); release.ExitStatus(err) != 2 {
		t.Errorf("no name: %v", err)
	}
}

type entries []string

func (e entries) First(_ context.Context, _ string, n int) ([]string, error) {
	return e[:min(n, len(e))], nil
}

func TestParkedJobsAreCountedByTheirKindAndShowNoCustomer(t *testing.T) {
	t.Parallel()
	s := queue.Settings{Name: "q", Kind: []string{"type", "version"}}
	got, err := s.ParkedKinds(t.Context(), entries{
		`{"type":"email","version":2,"to":"ann@example.org"}`, `{"type":"email","version":2}`, `{"type":"sms","version":1}`,
		`{"version":3}`, `{"type":"ann@example.org","version":1}`, `{}`, `rubbish`, `[1]`,
	})
	want := map[string]int{"email/2": 2, "sms/1": 1, "3": 1, "unreadable": 4}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
}
