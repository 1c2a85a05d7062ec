package queue

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Change is what was seen of a queue after its workers have changed sides.
type Change struct {
	Looks  []Count
	Lasted time.Duration
}

// ChangeFor is how long the plan wants a queue to be watched then.
const ChangeFor = time.Minute

// Show turns what was seen into evidence: that it was watched for long enough, that
// it does not grow, and that the good slot's workers work on it. Where there was
// nothing to do, or nobody counts what is done, that they work is not shown.
func (c Change) Show(found *release.Findings, good release.Slot) {
	if len(c.Looks) < 2 {
		return
	}
	first, last := c.Looks[0], c.Looks[len(c.Looks)-1]
	if lasted := c.Lasted.Round(time.Second); c.Lasted < ChangeFor {
		found.Miss("4.3.p4", "watched for %v: the plan wants %v", lasted, ChangeFor)
	} else {
		found.Show("4.3.p4", true, "%d looks in %v, at the end %s", len(c.Looks), lasted, last.Depth)
	}
	depths, backlog := c.depths()
	found.Show("4.3.1", Steady(depths), "waiting: %d at first, %d at the end of %d looks", first.Waiting, last.Waiting, len(depths))
	did := last.Done[good] - first.Done[good]
	for _, id := range []string{"4.3.p2", "4.3.2"} {
		switch {
		case last.Done == nil:
			found.Miss(id, "the application counts no jobs that are done: see queue.done")
		case did == 0 && !backlog:
			found.Miss(id, "there was nothing to do")
		default:
			found.Show(id, did > 0, "%s has done %d jobs in %v", good, did, c.Lasted.Round(time.Second))
		}
	}
}

func (c Change) depths() (all []Depth, backlog bool) {
	for _, look := range c.Looks {
		all, backlog = append(all, look.Depth), backlog || look.Waiting > 0
	}
	return all, backlog
}

// ShowLost turns two counts, before and after the workers have changed sides, into
// evidence that no job was lost, and returns how many were.
func ShowLost(found *release.Findings, before, after Count) (lost int64) {
	lost, known := Lost(before, after)
	for _, id := range []string{"4.3.p1", "4.3.p3"} {
		if known {
			found.Show(id, lost <= 0, "%d jobs lost between the counts before and after", max(lost, 0))
		} else {
			found.Miss(id, "the application does not count both what is put in and what is done: see queue.produced and queue.done")
		}
	}
	return max(lost, 0)
}
