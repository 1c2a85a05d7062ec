package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
)

func (l look) registry(ctx context.Context) (string, error) {
	client, n := registry.New(l.job.Config.Registry), 0
	var problems []error
	for name, i := range l.job.Config.Images {
		if err := client.MayPush(ctx, i.Repository); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		n++
	}
	if n == 0 {
		return "", preflight.Absent("no image is configured")
	}
	return fmt.Sprintf("accepts a push to %d repositories", n), errors.Join(problems...)
}

func (l look) database(ctx context.Context) (string, error) {
	settings, systems, err := connect.Migrations(l.job, nil)
	switch {
	case err != nil:
		return "", err
	case systems.Database == nil:
		return "", preflight.Absent("none is configured")
	}
	pending, err := migration.Look(ctx, settings, systems.Database)
	if err != nil {
		return "", err
	}
	contract, err := systems.Contract.Contract(ctx, settings, pending)
	if err != nil {
		return "", err
	}
	backedUp, err := migration.BackupReady(ctx, settings.Backup, systems, pending, contract)
	if err != nil {
		return "", err
	}
	rehearsed, err := connect.StageReady(ctx, l.job, settings)
	return fmt.Sprintf("PostgreSQL at schema version %v, %d migrations pending; %d contract migrations would run, %d wait; %s; %s",
		pending.State.Version, len(pending.Files), len(contract.Files), len(contract.Held), backedUp, rehearsed), err
}

func (l look) redis(ctx context.Context) (string, error) {
	if l.job.Config.Queue.URL == "" {
		return "", preflight.Absent("none is configured")
	}
	client, err := redis.Open(l.job.Config.Queue.URL)
	if err != nil {
		return "", err
	}
	defer client.Close()
	version, err := client.Version(ctx)
	if err != nil {
		return "", err
	}
	depth, err := l.job.Config.Queue.Look(ctx, client)
	return fmt.Sprintf("Redis %s, queue: %v", version, depth), err
}
