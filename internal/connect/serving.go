package connect

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Migrations opens the database with both lines of its migrations, and returns its
// settings with absolute paths.
func Migrations(job *action.Job, progress func(migration.Event)) (migration.Settings, migration.Systems, error) {
	s := job.Config.Database.Below(job.Path)
	var err error
	if s.Backup, err = Passing(s.Backup); err != nil {
		return s, migration.Systems{}, err
	}
	systems, err := Database(s, progress)
	if err != nil || systems.Database == nil {
		return s, systems, err
	}
	contract, err := postgres.New(s.Contracts())
	if err != nil {
		return s, systems, err
	}
	systems.Contract = migration.Line{
		Database: contract,
		Serving:  func(ctx context.Context) ([]migration.Serving, error) { return serving(ctx, job) },
		Left: func(ctx context.Context, until migration.Version) ([]string, error) {
			return migration.Left(ctx, s, systems.Database, until)
		},
	}
	return s, systems, nil
}

// serving lists the releases of the slots that have traffic, and of the slot that a
// rollback goes back to. The release's own slot counts with traffic only: it is
// about to be replaced, which closes the way back to it.
func serving(ctx context.Context, job *action.Job) ([]migration.Serving, error) {
	balancer, err := Balancer(job)
	if err != nil {
		return nil, err
	}
	weights, err := balancer.Router.Weights(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the weights: %w", err)
	}
	page, err := balancer.Ledger.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	var all []migration.Serving
	for _, s := range release.Slots {
		as := role(page, weights, s, job.Release.Candidate)
		if as == "" {
			continue
		}
		env, err := Slot(ctx, job, s)
		if err != nil {
			return nil, err
		}
		containers, err := env.Inspect(ctx)
		if err != nil {
			return nil, err
		}
		if len(containers) == 0 && !job.Release.First {
			return nil, fmt.Errorf("%s is %s and has no container that would say of which release it is", s, as)
		}
		all = append(all, releases(containers, as)...)
	}
	return all, nil
}

func role(page traffic.Page, w release.Weights, s, candidate release.Slot) string {
	switch {
	case w.Of(s) > 0:
		return fmt.Sprintf("live in %s", s)
	case s != candidate && page.Good != nil && page.Good.Slot == s:
		return fmt.Sprintf("the way back, in %s", s)
	}
	return ""
}

func releases(containers []slot.Container, as string) []migration.Serving {
	var all []migration.Serving
	seen := map[release.ID]bool{}
	for _, c := range containers {
		if !seen[c.Release()] {
			seen[c.Release()] = true
			all = append(all, migration.Serving{Release: c.Release(), As: as})
		}
	}
	return all
}
