package connect

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/docker/buildkit"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Builder opens the engine of this machine and the registry. BuildKit builds
// where the engine has it, the classic builder elsewhere.
func Builder(ctx context.Context, job *action.Job) (*docker.Engine, *registry.Client, image.Builder, error) {
	accounts := registry.New(job.Config.Registry)
	engine, err := docker.Open(ctx, "", accounts)
	if err != nil {
		return nil, nil, nil, err
	}
	return engine, accounts, buildkit.New(engine, accounts), nil
}

// Slot opens one slot for everything but a deployment.
func Slot(ctx context.Context, job *action.Job, s release.Slot) (*slot.Environment, error) {
	engine, err := docker.Open(ctx, job.Config.Slots.Of(s).Docker, registry.New(job.Config.Registry))
	if err != nil {
		return nil, fmt.Errorf("%s slot: %w", s, err)
	}
	return slot.New(s, job.Config.Slots, engine, nil, say(job))
}

// Deployable opens one slot with its compose files.
func Deployable(ctx context.Context, job *action.Job, s release.Slot) (*slot.Environment, error) {
	place := job.Config.Slots.Of(s)
	engine, err := docker.Open(ctx, place.Docker, registry.New(job.Config.Registry))
	if err != nil {
		return nil, fmt.Errorf("%s slot: %w", s, err)
	}
	stack, err := compose.Open(ctx, project(job, place), say(job))
	if err != nil {
		return nil, fmt.Errorf("%s slot: %w", s, err)
	}
	return slot.New(s, job.Config.Slots, engine, stack, say(job))
}

func say(job *action.Job) func(string) { return func(line string) { job.Log.Info(line) } }

func project(job *action.Job, place slot.Place) compose.Project {
	return compose.Project{
		Name: place.Project, Files: place.Compose, EnvFile: place.EnvFile,
		Dir: job.Dir, Env: job.Env, Host: place.Docker,
	}
}
