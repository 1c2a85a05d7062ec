package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// mostOutput is how much of what a command says is kept.
const mostOutput = 256 << 10

// Exec runs a program inside a container, waits for its end, and returns what it
// said on both outputs and its exit status.
func (e *Engine) Exec(ctx context.Context, id string, argv []string) (output string, status int, err error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	made, err := e.api.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return "", 0, cause(ctx, err)
	}
	stream, err := e.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", 0, cause(ctx, err)
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close) // which ends the read
	defer stop()
	var said bytes.Buffer
	if _, err := stdcopy.StdCopy(&said, &said, io.LimitReader(stream.Reader, mostOutput)); err != nil {
		return said.String(), 0, cause(ctx, err)
	}
	got, err := e.api.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return said.String(), 0, cause(ctx, err)
	}
	if got.Running {
		return said.String(), 0, fmt.Errorf("%s still runs in the container", argv[0])
	}
	return said.String(), got.ExitCode, nil
}

// Signal sends a signal, such as HUP, to the first process of a container.
func (e *Engine) Signal(ctx context.Context, id, signal string) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	return cause(ctx, e.api.ContainerKill(ctx, id, signal))
}

// Titles lists the processes of a container: their titles by their process ids
// on the engine's host.
func (e *Engine) Titles(ctx context.Context, id string) (map[string]string, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ContainerTop(ctx, id, []string{"-eo", "pid,args"})
	if err != nil {
		return nil, cause(ctx, err)
	}
	pid := slices.Index(got.Titles, "PID")
	all := map[string]string{}
	for _, row := range got.Processes {
		if pid >= 0 && len(row) == 2 {
			all[row[pid]] = row[1-pid]
		}
	}
	return all, nil
}
