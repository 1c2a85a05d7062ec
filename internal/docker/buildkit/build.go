// Package buildkit builds images with the BuildKit that is inside a docker
// engine. It is apart from the engine's client because of what it brings into a
// program: a build session is a gRPC server.
//
// It promises that each step is said once, when it is done, that build secrets
// travel in the session only, and that an engine without BuildKit still builds,
// with its first builder. It refuses build secrets there.
package buildkit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/versions"
	"github.com/moby/buildkit/identity"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Builder builds with the best that the engine has.
type Builder struct {
	engine   *docker.Engine
	accounts docker.Accounts
}

// New returns a builder on an engine. Accounts may be nil when all base images
// are public.
func New(engine *docker.Engine, accounts docker.Accounts) Builder { return Builder{engine, accounts} }

// firstAPI is the version of the API with which BuildKit came.
const firstAPI = "1.39"

// Build builds the image and leaves it in the engine under its reference.
func (b Builder) Build(ctx context.Context, job image.Job, log *image.Log) (image.Local, error) {
	system, api, err := b.engine.Version(ctx)
	if err != nil {
		return image.Local{}, fmt.Errorf("ask the engine for its builder: %w", err)
	}
	if able(system, api) {
		return b.build(ctx, job, log)
	}
	if len(job.Secrets) > 0 {
		return image.Local{}, release.Refuse("use a docker engine of version 18.09 or later on Linux", "build secrets need BuildKit, which the engine (%s, API %s) does not have", system, api)
	}
	return docker.Classic{Engine: b.engine}.Build(ctx, job, log)
}

func able(system, api string) bool {
	return system == "linux" && versions.GreaterThanOrEqualTo(api, firstAPI)
}

func (b Builder) build(ctx context.Context, job image.Job, log *image.Log) (image.Local, error) {
	ctx, cancel := docker.Building(ctx)
	defer cancel()
	session, err := b.open(ctx, job)
	if err != nil {
		return image.Local{}, err
	}
	defer session.Close()
	options, err := b.engine.Options(ctx, job)
	if err != nil {
		return image.Local{}, err
	}
	options.Version, options.RemoteContext, options.SessionID = build.BuilderBuildKit, "client-session", session.ID()
	options.Dockerfile, options.BuildID = filepath.Base(job.Dockerfile), identity.NewID()
	got, err := b.engine.API().ImageBuild(ctx, nil, options)
	if err != nil {
		return image.Local{}, why(ctx, err)
	}
	trace := newTrace(log)
	if err := trace.follow(got.Body); err != nil {
		b.giveUp(ctx, options.BuildID)
		return image.Local{}, why(ctx, err)
	}
	size, err := b.engine.Size(ctx, job.Reference)
	return image.Local{Unpacked: size, Steps: trace.ran}, err
}

// giveUp ends a build that nobody waits for any more, which the engine would
// finish otherwise.
func (b Builder) giveUp(ctx context.Context, id string) {
	if ctx.Err() == nil {
		return
	}
	ctx, cancel := docker.Quick(context.WithoutCancel(ctx))
	defer cancel()
	_ = b.engine.API().BuildCancel(ctx, id) // it may have ended meanwhile
}

func why(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return cause
	}
	return err
}
