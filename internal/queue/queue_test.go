package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// lists is a server with these keys.
type lists struct {
	t     *testing.T
	jobs  map[string]int64
	err   error
	short bool // answers less than it is asked
}

func (l lists) Keys(_ context.Context, prefix string) ([]string, error) {
	var keys []string
	for key := range l.jobs {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys, l.err
}

func (l lists) Lengths(_ context.Context, keys ...string) ([]queue.Length, error) {
	var all []queue.Length
	for _, key := range keys {
		n, ok := l.jobs[key]
		all = append(all, queue.Length{Jobs: n, Exists: ok})
	}
	if l.short {
		all = all[1:]
	}
	return all, l.err
}

func TestLook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings queue.Settings
		jobs     map[string]int64
		want     queue.Depth
		text     string
	}{
		"an empty queue is one without a key": {
			queue.Settings{Name: "q"}, nil,
			queue.Depth{Absent: true}, "0 waiting, 0 in work, 0 delayed, 0 parked (there is no such key, as of an empty queue)",
		},
		"jobs are counted where they are": {
			queue.Settings{Name: "q"},
			map[string]int64{"q": 5, "q:processing:green:1": 1, "q:processing:blue:1": 0, "q:processing:blue:2": 2, "q:retry": 7, "q:parked": 3, "q2": 9},
			queue.Depth{Waiting: 5, Working: 3, Workers: 2, Delayed: 7, Parked: 3}, "5 waiting, 3 in work, 7 delayed, 3 parked",
		},
		"the keys can have other names": {
			queue.Settings{Name: "jobs", Processing: "busy-", Delayed: "later", Parked: "odd"},
			map[string]int64{"jobs": 1, "busy-1": 1, "later": 1, "odd": 1, "jobs:parked": 9},
			queue.Depth{Waiting: 1, Working: 1, Workers: 1, Delayed: 1, Parked: 1}, "1 waiting, 1 in work, 1 delayed, 1 parked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.settings.Look(t.Context(), lists{t: t, jobs: c.jobs})
			if err != nil || !cmp.Equal(got, c.want) {
				t.Errorf("%v: %s", err, cmp.Diff(c.want, got))
			}
			if got.String() != c.text {
				t.Errorf("%q, want %q", got, c.text)
			}
		})
	}
}

func TestALookThatCouldNotBeHadIsNoDepth(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	if _, err := (queue.Settings{Name: "q"}).Look(t.Context(), lists{err: down}); !errors.Is(err, down) {
		t.Errorf("got %v, want %v", err, down)
	}
	if _, err := (queue.Settings{Name: "q"}).Look(t.Context(), lists{short: true}); err == nil {
		t.Error("an answer too few is taken")
	}
	if _, err := (queue.Settings{}).Look(t.Context(), lists{}); release.ExitStatus(err) != 2 {
		t.Errorf("no name: got %v", err)
	}
	if err := (queue.Settings{URL: "redis://h"}).Check(); err == nil {
		t.Error("a URL without a name is taken")
	}
}

func TestSteady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waiting []int64
		want    bool
	}{
		"no look shows nothing":       {nil, false},
		"one look shows nothing":      {[]int64{0}, false},
		"a short queue is steady":     {[]int64{3, 50, 99}, true},
		"a queue that shrinks is":     {[]int64{900, 700, 500}, true},
		"a queue that stays is":       {[]int64{500, 500}, true},
		"a backlog by chance is":      {[]int64{100, 101}, true},
		"a peak at the end is none":   {[]int64{500, 600, 480, 601}, true},
		"a queue that grows is not":   {[]int64{500, 550, 600, 650}, false},
		"100 jobs are not normal":     {[]int64{20, 100}, false},
		"a peak at the start is over": {[]int64{500, 700, 300, 200}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var looks []queue.Depth
			for _, n := range c.waiting {
				looks = append(looks, queue.Depth{Waiting: n})
			}
			if got := queue.Steady(looks); got != c.want {
				t.Errorf("%v: %v", c.waiting, got)
			}
		})
	}
}
