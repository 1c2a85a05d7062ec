package rollback

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The times of the watch after a rollback.
const (
	lookEvery = 5 * time.Second
	askTime   = 3 * time.Second
)

// jobs is the queue before and after the workers change sides.
type jobs struct {
	job    *action.Job
	client *redis.Client // nil without a queue
	first  chan counted
	before counted
}

type counted struct {
	count queue.Count
	err   error
}

// count begins to count, beside what else there is to do.
func count(ctx context.Context, job *action.Job) *jobs {
	j := &jobs{job: job, first: make(chan counted, 1)}
	client, err := connect.Queue(job)
	if err != nil {
		j.first <- counted{err: err}
		return j
	}
	j.client = client
	go func() { j.first <- j.look(ctx) }()
	return j
}

func (j *jobs) look(ctx context.Context) counted {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c, err := j.job.Config.Queue.Count(ctx, j.client)
	return counted{c, err}
}

// watch looks for a while whether the queue is worked on, and whether the slot that
// was left is silent. It says so first: nothing else is heard until it is over. An
// end of ctx ends it.
func (j *jobs) watch(ctx context.Context, good release.Slot, d time.Duration) {
	if j.before = <-j.first; d == 0 {
		return
	}
	j.job.Log.Info("watching that no request reaches the slot that was left, and that the queue is worked on; --watch 0s leaves this out", "left", good.Other(), "for", d)
	var seen queue.Change
	begin := time.Now()
	quiet := traffic.Silence{Slot: good.Other(), Served: j.served, After: begin.Add(traffic.LateFor)}
	for ctx.Err() == nil && time.Since(begin) < d {
		if l := j.again(ctx); l.err == nil && j.client != nil {
			seen.Looks = append(seen.Looks, l.count)
		}
		quiet.Look(ctx)
		if j.client == nil && !quiet.Begun() && time.Since(begin) > 2*traffic.LateFor {
			break // nothing can be watched
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(lookEvery, max(d-time.Since(begin), 0))):
		}
	}
	seen.Lasted = time.Since(begin)
	seen.Show(j.job.Findings, good)
	requests, lasted, err := quiet.Close(context.WithoutCancel(ctx))
	if err != nil {
		j.job.Findings.Miss("4.1.v3", "%v", err)
		return
	}
	j.job.Findings.Show("4.1.v3", requests == 0, "%.0f requests of users to %s in %v, from %v after the traffic moved on", requests, quiet.Slot, lasted, traffic.LateFor)
}

// served is the counter of requests of a slot, which may be gone.
func (j *jobs) served(ctx context.Context, s release.Slot) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return connect.Requests(ctx, j.job, s)
}

func (j *jobs) again(ctx context.Context) counted {
	if j.client == nil {
		return counted{}
	}
	return j.look(ctx)
}
