package docker

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// The labels that both versions of compose set.
const (
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
	labelNumber  = "com.docker.compose.container-number"
	labelOneOff  = "com.docker.compose.oneoff" // of `compose run`
)

// Containers lists the containers of a compose project, stopped ones too, but
// not those of `compose run`; of all projects and of none when it is empty.
func (e *Engine) Containers(ctx context.Context, project string) ([]slot.Container, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	which := filters.NewArgs()
	if project != "" {
		which.Add("label", labelProject+"="+project)
	}
	list, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: which})
	if err != nil {
		return nil, cause(ctx, err)
	}
	return e.inspect(ctx, list)
}

func (e *Engine) inspect(ctx context.Context, list []container.Summary) ([]slot.Container, error) {
	var mu sync.Mutex
	var all []slot.Container
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, c := range list {
		if oneOff(c.Labels) {
			continue
		}
		group.Go(func() error {
			one, found, err := e.describe(groupCtx, c.ID)
			mu.Lock()
			defer mu.Unlock()
			if found {
				all = append(all, one)
			}
			return err
		})
	}
	return all, cause(ctx, group.Wait())
}

// oneOff says whether a container is one of `compose run`. Both versions of compose
// write it in their own way.
func oneOff(labels map[string]string) bool { return strings.EqualFold(labels[labelOneOff], "true") }

// describe reads one container, and false when it was removed meanwhile.
func (e *Engine) describe(ctx context.Context, id string) (slot.Container, bool, error) {
	got, err := e.api.ContainerInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return slot.Container{}, false, nil
	}
	if err != nil {
		return slot.Container{}, false, err
	}
	c := translate(got)
	// What it runs is asked of its image: its own configuration has only what
	// was asked for. An image that was removed under it has no name any more.
	img, _, err := e.Image(ctx, got.Image)
	c.Images = img.References
	return c, err == nil, err
}

func translate(got container.InspectResponse) slot.Container {
	labels := got.Config.Labels
	number, _ := strconv.Atoi(labels[labelNumber])
	c := slot.Container{
		ID:       got.ID,
		Name:     got.Name,
		Project:  labels[labelProject],
		Service:  labels[labelService],
		Number:   number,
		State:    slot.State(got.State.Status),
		Restarts: got.RestartCount,
		OOM:      got.State.OOMKilled,
		ExitCode: got.State.ExitCode,
		Started:  moment(got.State.StartedAt),
		Finished: moment(got.State.FinishedAt),
		Returns:  got.HostConfig.RestartPolicy.IsAlways() || got.HostConfig.RestartPolicy.IsUnlessStopped(),
		Labels:   labels,
		Ports:    published(got.HostConfig),
		AsHost:   got.HostConfig.NetworkMode.IsHost(),
		CPUs:     cores(got.HostConfig.Resources),
		Endless:  endless(got.HostConfig.LogConfig),
	}
	if h := got.State.Health; h != nil && h.Status != container.NoHealthcheck {
		c.Health = slot.Health(h.Status)
	}
	return c
}

// moment reads the engine's time; its year 1 is never.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

func published(h *container.HostConfig) []string {
	var ports []string
	for _, bindings := range h.PortBindings {
		for _, b := range bindings {
			ports = append(ports, net.JoinHostPort(b.HostIP, b.HostPort))
		}
	}
	return ports
}

// endless says whether a log is never rotated: of docker's drivers, only json-file
// keeps everything unless max-size is set; -1 is its default. Source: docker's
// documentation of its logging drivers.
func endless(c container.LogConfig) bool {
	size := c.Config["max-size"]
	return c.Type == "json-file" && (size == "" || size == "-1")
}

func cores(r container.Resources) float64 {
	if r.NanoCPUs > 0 {
		return float64(r.NanoCPUs) / 1e9
	}
	if r.CPUQuota > 0 && r.CPUPeriod > 0 {
		return float64(r.CPUQuota) / float64(r.CPUPeriod)
	}
	return 0
}
