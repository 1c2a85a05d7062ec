package rollback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
)

// report compares the queue with what it was before, and names what is parked.
func (j *jobs) report(ctx context.Context) {
	if j.before.count.At.IsZero() && j.before.err == nil {
		j.before = <-j.first
	}
	if errors.Is(j.before.err, connect.ErrNone) {
		return
	}
	if j.client != nil {
		defer j.client.Close()
	}
	if j.before.err != nil {
		j.job.Page.Say("The queue was not counted: %v", j.before.err)
		return
	}
	last := j.look(ctx)
	if last.err != nil {
		j.job.Page.Say("The queue was %s before; it was not counted again: %v", j.before.count.Depth, last.err)
		return
	}
	j.job.Page.Table([]string{"queue", "before", "after"}, [][]string{{j.job.Config.Queue.Name, j.before.count.Depth.String(), last.count.Depth.String()}})
	j.balance(ctx, last.count)
	j.parked(ctx, last.count)
}

// balance says whether a job was lost. One that a worker had taken between two
// questions looks lost for a moment, so a loss is looked at again.
func (j *jobs) balance(ctx context.Context, last queue.Count) {
	for try := 0; try < 10; try++ {
		if lost, known := queue.Lost(j.before.count, last); !known || lost <= 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
		if again := j.look(ctx); again.err == nil {
			last = again.count
		}
	}
	lost := queue.ShowLost(j.job.Findings, j.before.count, last)
	if lost > 0 {
		j.job.Warn("bluegreen rollback", fmt.Sprintf("%d jobs are neither done nor in any list of the queue, and were before", lost))
	}
}

// parked names what the good slot's workers have put aside, since it is of a
// version that they do not know.
func (j *jobs) parked(ctx context.Context, last queue.Count) {
	if last.Parked == 0 {
		return
	}
	kinds, err := j.job.Config.Queue.ParkedKinds(ctx, j.client)
	if err != nil {
		j.job.Page.Say("%d jobs are parked; they were not read: %v", last.Parked, err)
		return
	}
	var names []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		names = append(names, fmt.Sprintf("%d of %s", kinds[kind], kind))
	}
	j.job.Page.Say("%d jobs are parked, %d more than before: %s. None is dropped: a version that knows them takes them when they are moved back to %s.",
		last.Parked, last.Parked-j.before.count.Parked, strings.Join(names, ", "), j.job.Config.Queue.Name)
}
