package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Try runs one file once.
func (s *session) Try(ctx context.Context, step migration.Step) ([]string, error) {
	if err := s.begin(ctx, step); err != nil {
		return nil, err
	}
	err := s.timed(ctx, step, func(ctx context.Context, m *migrator) error {
		if err := m.Steps(1); err != nil {
			return err
		}
		return s.check(ctx, m, step)
	})
	if err != nil {
		return nil, err
	}
	return s.made(ctx, step)
}

// timed runs the file that is the step's Up for as long as its nature allows,
// observes it meanwhile, and explains how it has failed.
func (s *session) timed(ctx context.Context, step migration.Step, run func(context.Context, *migrator) error) error {
	// The server times every statement of a file by itself.
	limit := s.limit(step.Up.Script.Nature)
	ctx, cancel := context.WithTimeoutCause(ctx, limit+patience, fmt.Errorf("the file ran for longer than %v", limit))
	defer cancel()
	var blockers []migration.Blocker
	err := s.once(ctx, step, func(m *migrator) error {
		stop := s.observe(ctx, m.conn.PID(), step.Up.Name, step.Tell)
		defer func() { blockers = stop() }()
		return run(ctx, m)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w: %v", context.Cause(ctx), explain(err, nil))
	case err != nil:
		return explain(err, blockers)
	}
	return nil
}

// begin makes sure that the file can be run, and writes that it will be.
func (s *session) begin(ctx context.Context, step migration.Step) error {
	if err := s.exec(ctx, `SELECT 1`); err != nil {
		return release.CannotTell("run the job again", "the connection that holds the lock of the migrations is lost: %w", err)
	}
	if step.Up.Script.Nature == migration.Concurrent {
		if err := s.clear(ctx, step); err != nil {
			return err
		}
	}
	return s.start(ctx, step)
}

// made is what the catalog has from a file that ended.
func (s *session) made(ctx context.Context, step migration.Step) ([]string, error) {
	if err := s.finish(ctx, step.Version); err != nil {
		return nil, err
	}
	if step.Up.Script.Nature == migration.Concurrent {
		return []string{step.Up.Script.Change.Done()}, nil
	}
	made, err := s.objects(ctx, step.Version)
	return made, errors.Join(err, s.remember(ctx, step.Version))
}
