package connect

import (
	"context"
	"errors"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
)

// ErrNone is about what the configuration does not name.
var ErrNone = errors.New("none is configured")

// Queue opens the queue of the configuration, or returns ErrNone. A section that was
// passed over for its mistakes is none that is not configured.
func Queue(job *action.Job) (*redis.Client, error) {
	if err := mistaken(job, "queue"); err != nil {
		return nil, err
	}
	if job.Config.Queue.URL == "" {
		return nil, ErrNone
	}
	return redis.Open(job.Config.Queue.URL)
}

// Depth says how many jobs the queue has.
func Depth(ctx context.Context, job *action.Job) (string, error) {
	client, err := Queue(job)
	switch {
	case errors.Is(err, ErrNone):
		return err.Error(), nil
	case err != nil:
		return "", err
	}
	defer client.Close()
	depth, err := job.Config.Queue.Look(ctx, client)
	if err != nil {
		return "unknown", err
	}
	job.Findings.Show("B.6.s2", true, "%s: %s", job.Config.Queue.Name, depth)
	job.Findings.Show("6.2.14", depth.Waiting < queue.Normal, "%s: %s", job.Config.Queue.Name, depth)
	return depth.String(), nil
}
