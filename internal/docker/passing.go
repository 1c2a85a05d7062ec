package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// labelUntil is when a passing container is certainly not needed any more.
const labelUntil = "bluegreen.passing.until"

// Passing is a container that ends with the process that started it, however that
// ends, and is removed then with its volumes.
type Passing struct {
	Image string
	Env   []string      // NAME=value
	Args  []string      // behind what the image starts by itself
	Port  string        // such as 5432/tcp, which is published on the loopback address of the engine's machine
	Life  time.Duration // after which it may be removed by whoever finds it
}

// hanging runs the image's own program, and ends it when the standard input does:
// the engine closes it when the process on the other end has gone. A script that
// only prepares the program does not hear that, and ends with what it waits for.
const hanging = `exec 3<&0 </dev/null; (cat <&3 >/dev/null; while kill -QUIT 1; do kill -KILL -1; sleep 1; done) & exec "$@"`

// Started is a passing container that runs.
type Started struct {
	Address string // host:port

	engine *Engine
	id     string
	stream types.HijackedResponse
	said   *tail
	gone   chan struct{} // its output has ended
}

// Pass starts a passing container. The image is pulled where the engine does not
// have it. Passing containers that were left by an engine that lost us are removed.
func (e *Engine) Pass(ctx context.Context, p Passing) (*Started, error) {
	if err := e.sweep(ctx); err != nil {
		return nil, err
	}
	argv, err := e.program(ctx, p.Image)
	if err != nil {
		return nil, err
	}
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	config, host := p.config(append(argv, p.Args...), time.Now())
	made, err := e.api.ContainerCreate(ctx, config, host, nil, nil, "")
	if err != nil {
		return nil, fmt.Errorf("create container of %s: %w", p.Image, cause(ctx, err))
	}
	s := &Started{engine: e, id: made.ID, said: &tail{}, gone: make(chan struct{})}
	if err := s.start(ctx, nat.Port(p.Port)); err != nil {
		s.Stop(ctx)
		return nil, fmt.Errorf("start container of %s: %w", p.Image, cause(ctx, err))
	}
	return s, nil
}

func (p Passing) config(argv []string, now time.Time) (*container.Config, *container.HostConfig) {
	port := nat.Port(p.Port)
	return &container.Config{
			Image: p.Image, Env: p.Env, Entrypoint: append([]string{"sh", "-c", hanging, "sh"}, argv...), Cmd: []string{},
			OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
			ExposedPorts: nat.PortSet{port: {}},
			Labels:       map[string]string{labelUntil: now.Add(p.Life).UTC().Format(time.RFC3339)},
		}, &container.HostConfig{
			AutoRemove:   true,
			PortBindings: nat.PortMap{port: {{HostIP: "127.0.0.1"}}},
		}
}

// program is what the image starts.
func (e *Engine) program(ctx context.Context, reference string) ([]string, error) {
	_, there, err := e.Image(ctx, reference)
	if err == nil && !there {
		err = e.Pull(ctx, reference, func(_, _ release.Size) {})
	}
	if err != nil {
		return nil, fmt.Errorf("get image %s: %w", reference, err)
	}
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ImageInspect(ctx, reference)
	if err != nil || got.Config == nil {
		return nil, fmt.Errorf("inspect image %s: %w", reference, cause(ctx, err))
	}
	return slices.Concat(got.Config.Entrypoint, got.Config.Cmd), nil
}

func (s *Started) start(ctx context.Context, port nat.Port) error {
	options := container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true}
	var err error
	if s.stream, err = s.engine.api.ContainerAttach(context.WithoutCancel(ctx), s.id, options); err != nil {
		return err
	}
	go func() {
		defer close(s.gone)
		_, _ = stdcopy.StdCopy(s.said, s.said, s.stream.Reader) // ends with the container
	}()
	if err := s.engine.api.ContainerStart(ctx, s.id, container.StartOptions{}); err != nil {
		return err
	}
	got, err := s.engine.api.ContainerInspect(ctx, s.id)
	if err != nil {
		return err
	}
	for _, b := range got.NetworkSettings.Ports[port] {
		s.Address = "127.0.0.1:" + b.HostPort
	}
	if s.Address == "" {
		return fmt.Errorf("port %s was not published: %s", port, s.said)
	}
	return nil
}

// Ended tells what the container said last, once it has ended by itself; nil while
// it runs.
func (s *Started) Ended() error {
	select {
	case <-s.gone:
		return errors.New("the container has ended: " + s.said.String())
	default:
		return nil
	}
}

// Stop ends and removes the container, also when ctx has ended.
func (s *Started) Stop(ctx context.Context) {
	ctx, cancel := limit(context.WithoutCancel(ctx), quick)
	defer cancel()
	_ = s.engine.api.ContainerRemove(ctx, s.id, container.RemoveOptions{Force: true, RemoveVolumes: true}) // the closed stream does it otherwise
	if s.stream.Conn != nil {
		s.stream.Close()
	}
}

// unstarted is how long a passing container may have been made and not started, with
// what the clocks differ: its process has ended in between, and nothing else removes it.
const unstarted = 10 * quick

// sweep removes passing containers whose time is over, or that nobody will start.
func (e *Engine) sweep(ctx context.Context) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	list, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labelUntil))})
	if err != nil {
		return cause(ctx, err)
	}
	for _, c := range list {
		until, err := time.Parse(time.RFC3339, c.Labels[labelUntil])
		left := c.State == container.StateCreated && time.Since(time.Unix(c.Created, 0)) > unstarted
		if err == nil && time.Now().Before(until) && !left {
			continue
		}
		err = e.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) { // a conflict: it is being removed
			return cause(ctx, err)
		}
	}
	return nil
}

// tail keeps the end of what a container says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 2 << 10

// Write keeps the last of p.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

var _ io.Writer = (*tail)(nil)
