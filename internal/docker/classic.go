package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/registry"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// Classic builds with the engine's first builder, for engines without BuildKit.
// It knows no build secrets.
type Classic struct{ Engine *Engine }

// Build builds the image. The context is sent as an archive that respects
// .dockerignore.
func (c Classic) Build(ctx context.Context, job image.Job, log *image.Log) (image.Local, error) {
	if len(job.Secrets) > 0 {
		return image.Local{}, errors.New("build secrets need an engine with BuildKit")
	}
	ctx, cancel := limit(ctx, building)
	defer cancel()
	archive, dockerfile, err := pack(job.Context, job.Dockerfile)
	if err != nil {
		return image.Local{}, err
	}
	defer archive.Close()
	options, err := c.Engine.Options(ctx, job)
	if err != nil {
		return image.Local{}, err
	}
	options.Version, options.Dockerfile, options.Remove, options.ForceRemove = build.BuilderV1, dockerfile, true, true
	got, err := c.Engine.api.ImageBuild(ctx, archive, options)
	if err != nil {
		return image.Local{}, cause(ctx, err)
	}
	steps, err := follow(got.Body, log)
	if err != nil {
		return image.Local{}, cause(ctx, err)
	}
	size, err := c.Engine.Size(ctx, job.Reference)
	return image.Local{Unpacked: size, Steps: steps}, err
}

// Options are what both builders are told.
func (e *Engine) Options(ctx context.Context, job image.Job) (build.ImageBuildOptions, error) {
	args := map[string]*string{}
	for name, value := range job.Args {
		args[name] = &value
	}
	account, err := e.account(ctx, image.Repository(job.Reference))
	if err != nil {
		return build.ImageBuildOptions{}, err
	}
	options := build.ImageBuildOptions{
		Tags:      []string{job.Reference},
		BuildArgs: args,
		Labels:    job.Labels,
		Target:    job.Target,
		Platform:  job.Platform,
	}
	if !account.Anonymous() {
		options.AuthConfigs = map[string]registry.AuthConfig{account.Server: config(account)}
	}
	return options, nil
}

// follow says each step as it begins, and keeps all output.
func follow(body io.ReadCloser, log *image.Log) ([]string, error) {
	var steps []string
	err := Read(body, func(m Message) error {
		text := strings.TrimSpace(m.Stream)
		if !strings.HasPrefix(text, "Step ") {
			fmt.Fprint(log, m.Stream)
			return nil
		}
		log.Step("%s", text)
		if _, instruction, ok := strings.Cut(text, " : "); ok && strings.HasPrefix(instruction, "RUN ") {
			steps = append(steps, instruction)
		}
		return nil
	})
	return steps, err
}
