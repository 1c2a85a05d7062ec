package compose

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Tool is the compose program that is installed.
type Tool struct {
	Command []string // docker compose, or docker-compose
	Version string
	Major   int
}

const (
	asking  = 2 * time.Minute  // for the version, or to read files: a second of work, but not on every machine
	working = 10 * time.Minute // for containers that are created and started
)

// Find returns the compose program of this machine, version 2 before version 1.
func Find(ctx context.Context) (Tool, error) {
	var problems []error
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		tool, err := ask(ctx, command)
		if err == nil {
			return tool, nil
		}
		problems = append(problems, err)
	}
	return Tool{}, release.Reject("install docker compose: see docs.docker.com/compose/install", "find compose: %w", errors.Join(problems...))
}

func ask(ctx context.Context, command []string) (Tool, error) {
	ctx, cancel := limited(ctx, asking)
	defer cancel()
	args := append(command[1:len(command):len(command)], "version", "--short")
	out, err := process.Output(ctx, process.Command{Path: command[0], Args: args})
	if err != nil {
		return Tool{}, err
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	first, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return Tool{}, fmt.Errorf("read version of %s: %q", strings.Join(command, " "), version)
	}
	return Tool{Command: command, Version: version, Major: major}, nil
}

func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("not done within %v", d))
}
