package connect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

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

// openTime is how long an engine may take to say that it is there. A rollback asks
// engines that may be gone, and has more to do.
const openTime = 10 * time.Second

// Slot opens one slot for everything but a deployment.
func Slot(ctx context.Context, job *action.Job, s release.Slot) (*slot.Environment, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openTime, fmt.Errorf("the docker engine did not answer within %v", openTime))
	defer cancel()
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

// Composed reads the services of the compose files of a slot, as a deployment would.
// It refuses a worker and a scale of a service that they have not.
func Composed(ctx context.Context, job *action.Job, s release.Slot) (map[string]slot.Service, error) {
	stack, err := compose.Open(ctx, project(job, job.Config.Slots.Of(s)), say(job))
	if err != nil {
		return nil, err
	}
	services, err := stack.Services(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read the compose files of %s: %w", s, err)
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(job.Config.Slots.Scale)) {
		if _, there := services[name]; !there {
			problems = append(problems, release.Reject("name services of the compose files in slots.scale", "the compose files of %s have no service %s, which slots.scale names", s, name))
		}
	}
	worker := job.Config.Slots.Workers.Service
	if _, there := services[worker]; !there && worker != "" {
		problems = append(problems, release.Reject(`set slots.workers.service to the service that takes jobs, or to "" in the configuration file where none does`, "the compose files of %s have no service %s, which is slots.workers.service", s, worker))
	}
	return services, errors.Join(problems...)
}

// Own is Composed, and refuses a slot with containers that no release has put there and
// its compose files do not have.
func Own(ctx context.Context, job *action.Job, s release.Slot) (map[string]slot.Service, error) {
	services, err := Composed(ctx, job, s)
	if err != nil {
		return services, err
	}
	env, err := Slot(ctx, job, s)
	if err != nil {
		return services, err
	}
	return services, env.Own(ctx, services)
}

func say(job *action.Job) func(string) { return func(line string) { job.Log.Info(line) } }

func project(job *action.Job, place slot.Place) compose.Project {
	return compose.Project{
		Name: place.Project, Files: place.Compose, EnvFile: place.EnvFile,
		Dir: job.Dir, Env: job.Env, Host: place.Docker,
	}
}
