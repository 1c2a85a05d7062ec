package connect

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Stage is where migrations are rehearsed; nil where nowhere is configured.
func Stage(job *action.Job, s migration.Settings) (migration.Stage, error) {
	if s.URL == "" || s.Rehearsal.Place() == migration.Nowhere {
		return nil, nil
	}
	return stage(job, s)
}

// StageReady says in words whether migrations could be rehearsed now. A container is
// not started for that: the engine has to answer.
func StageReady(ctx context.Context, job *action.Job, s migration.Settings) (string, error) {
	switch s.Rehearsal.Place() {
	case migration.Nowhere:
		return "not rehearsed", nil
	case migration.InContainer:
		engine, err := docker.Open(ctx, "", nil)
		if err != nil {
			return "", fmt.Errorf("rehearse in a container: %w", err)
		}
		return "rehearsed in a container of " + s.Rehearsal.Image, engine.Close()
	}
	stage, err := stage(job, s)
	if err != nil {
		return "", err
	}
	where, err := stage.Check(ctx)
	return "rehearsed on " + where, err
}

func stage(job *action.Job, s migration.Settings) (*postgres.Stage, error) {
	live, err := postgres.New(s)
	if err != nil {
		return nil, err
	}
	return postgres.NewStage(live, func(ctx context.Context) (postgres.Server, error) {
		switch s.Rehearsal.Place() {
		case migration.InContainer:
			return container(ctx, job, s.Rehearsal)
		case migration.Production:
			return postgres.Server{Where: "the live server", Key: "database.url", URL: s.URL, Live: true}, nil
		}
		return postgres.Server{Where: "the server of database.rehearsal.url", Key: "database.rehearsal.url", URL: s.Rehearsal.URL}, nil
	}), nil
}

// container starts a server of PostgreSQL whose data nobody needs after a crash.
func container(ctx context.Context, job *action.Job, s migration.Rehearsals) (postgres.Server, error) {
	engine, err := docker.Open(ctx, "", registry.New(job.Config.Registry))
	if err != nil {
		return postgres.Server{}, err
	}
	password := rand.Text()
	started, err := engine.Pass(ctx, docker.Passing{
		Image: s.Image, Port: "5432/tcp", Life: s.Timeout + time.Hour,
		Env:  []string{"POSTGRES_PASSWORD=" + password},
		Args: []string{"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"},
	})
	if err != nil {
		_ = engine.Close()
		return postgres.Server{}, release.CannotTell("set database.rehearsal.image to an image of PostgreSQL that this engine has or can pull", "rehearse in a container: %w", err)
	}
	at := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password), Host: started.Address, Path: "/postgres", RawQuery: "sslmode=disable"}
	server := postgres.Server{
		Where: "a container of " + s.Image, Key: "database.rehearsal.image", URL: release.Secret(at.String()), Own: true,
		Stop: func() {
			started.Stop(ctx)
			_ = engine.Close()
		},
	}
	if err := postgres.Await(ctx, server, started.Ended); err != nil {
		server.Stop()
		return postgres.Server{}, err
	}
	return server, nil
}
