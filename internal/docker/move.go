package docker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Start starts a container; one that runs stays as it is.
func (e *Engine) Start(ctx context.Context, id string) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	return cause(ctx, e.api.ContainerStart(ctx, id, container.StartOptions{}))
}

// Stop stops a container, which is not restarted by its policy then, and waits
// until it has exited. The engine sends the signal, and kills after the grace,
// also when nobody listens any more.
func (e *Engine) Stop(ctx context.Context, id string, grace time.Duration) error {
	var options container.StopOptions
	if grace != slot.OwnGrace {
		seconds := int(grace.Round(time.Second).Seconds())
		options.Timeout = &seconds
	} else {
		own, err := e.ownGrace(ctx, id)
		if err != nil {
			return err
		}
		grace = own
	}
	ctx, cancel := limit(ctx, grace+quick)
	defer cancel()
	err := e.api.ContainerStop(ctx, id, options)
	if errdefs.IsNotFound(err) {
		return nil
	}
	return cause(ctx, err)
}

// engineGrace is the engine's own when a container names none.
const engineGrace = 10 * time.Second

func (e *Engine) ownGrace(ctx context.Context, id string) (time.Duration, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ContainerInspect(ctx, id)
	if err != nil && !errdefs.IsNotFound(err) {
		return 0, cause(ctx, err)
	}
	if err == nil && got.Config.StopTimeout != nil {
		return time.Duration(*got.Config.StopTimeout) * time.Second, nil
	}
	return engineGrace, nil
}

// Remove removes a container that is stopped, without its volumes. One that is
// gone is removed, and one that is being removed, as for a process that has died, is
// waited for.
func (e *Engine) Remove(ctx context.Context, id string) error {
	ctx, cancel := limit(ctx, deleting)
	defer cancel()
	err := e.api.ContainerRemove(ctx, id, container.RemoveOptions{})
	if errdefs.IsConflict(err) && strings.Contains(err.Error(), "already in progress") {
		err = e.removed(ctx, id)
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return cause(ctx, err)
}

func (e *Engine) removed(ctx context.Context, id string) error {
	done, failed := e.api.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case end := <-done:
		if end.Error != nil {
			return errors.New(end.Error.Message)
		}
		return nil
	case err := <-failed:
		return err
	}
}
