package queue_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// looked is two looks at the queue, a while apart.
func looked(lasted time.Duration, waiting, done []int64) map[string]release.Status {
	change, found := queue.Change{Lasted: lasted}, new(release.Findings)
	for i := range waiting {
		c := queue.Count{Depth: queue.Depth{Waiting: waiting[i]}}
		if done != nil {
			c.Done = map[release.Slot]int64{release.Blue: done[i]}
		}
		change.Looks = append(change.Looks, c)
	}
	change.Show(found, release.Blue)
	all := map[string]release.Status{}
	for _, e := range found.List() {
		all[e.ID] = e.Status
	}
	return all
}

func TestWhatTheQueueShowsAfterARollback(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lasted        time.Duration
		waiting, done []int64
		want          map[string]release.Status
	}{
		"a backlog that is worked on":          {75 * time.Second, []int64{500, 400}, []int64{10, 110}, map[string]release.Status{"4.3.p4": release.Passed, "4.3.1": release.Passed, "4.3.p2": release.Passed, "4.3.2": release.Passed}},
		"a backlog that nobody works on":       {75 * time.Second, []int64{500, 600}, []int64{10, 10}, map[string]release.Status{"4.3.1": release.Failed, "4.3.p2": release.Failed}},
		"nothing to do shows nothing":          {75 * time.Second, []int64{0, 0}, []int64{10, 10}, map[string]release.Status{"4.3.p2": release.NotShown, "4.3.1": release.Passed}},
		"no counters show nothing":             {75 * time.Second, []int64{5, 3}, nil, map[string]release.Status{"4.3.p2": release.NotShown}},
		"a short watch is not the plan's":      {20 * time.Second, []int64{5, 3}, []int64{1, 3}, map[string]release.Status{"4.3.p4": release.NotShown, "4.3.p2": release.Passed}},
		"one look is none":                     {75 * time.Second, []int64{5}, []int64{1}, map[string]release.Status{"4.3.p4": "", "4.3.1": ""}},
		"no look, since Redis was never there": {75 * time.Second, nil, nil, map[string]release.Status{"4.3.p4": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := looked(c.lasted, c.waiting, c.done)
			for id, want := range c.want {
				if got[id] != want {
					t.Errorf("%s is %q, want %q", id, got[id], want)
				}
			}
		})
	}
}
