package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// fill restores the backup, or the schema of the live database where there is none.
func (s *scratch) fill(ctx context.Context) error {
	t, err := s.stage.live.programs(ctx, s.origin.server)
	if err != nil {
		return err
	}
	path := s.from.Backup
	if path == "" {
		if path, err = s.stage.live.schemaOnly(ctx, t); err != nil {
			return err
		}
		defer os.Remove(path)
	}
	env, err := s.env()
	if err != nil {
		return err
	}
	if err := process.Run(ctx, s.restore(t, env, path)); err != nil {
		return s.notRestored(ctx, err)
	}
	return nil
}

// env is that of libpq's programs for the scratch database.
func (s *scratch) env() ([]string, error) {
	url, err := s.url()
	if err != nil {
		return nil, err
	}
	at, err := locate(s.on.Key, url)
	return append(at.env, "PGAPPNAME=bluegreen rehearsal"), err
}

// restore leaves out whose everything is, and what would reach out of the scratch
// database.
func (s *scratch) restore(t tools, env []string, path string) process.Command {
	jobs := s.stage.live.settings.Rehearsal.Jobs
	if s.on.Live {
		jobs = 1
	}
	args := []string{"--exit-on-error", "--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions",
		"--no-password", fmt.Sprintf("--jobs=%d", max(1, jobs)), "--dbname=" + s.name}
	if !s.from.Data {
		args = append(args, "--schema-only")
	}
	return process.Command{Path: t.path("pg_restore"), Args: append(args, path), Env: env}
}

// schemaOnly writes the schema of the database as it is now into a file.
func (d *Database) schemaOnly(ctx context.Context, t tools) (path string, err error) {
	f, err := os.CreateTemp("", "bluegreen-schema-*.dump")
	if err != nil {
		return "", err
	}
	err = process.Run(ctx, process.Command{
		Path: t.path("pg_dump"), Env: d.at.env, Stdout: f,
		Args: []string{"--format=custom", "--schema-only", "--no-password", fmt.Sprintf("--lock-wait-timeout=%d", lockWait.Milliseconds())},
	})
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("read schema: %w", err)
	}
	return f.Name(), nil
}

// notRestored says why a backup was not restored, without the rows that
// PostgreSQL quotes. A server that answers no more says nothing about the backup.
func (s *scratch) notRestored(ctx context.Context, err error) error {
	said := err.Error()
	if failed, ok := errors.AsType[*process.Error](err); ok {
		said = complaints(failed.Stderr)
		err = fmt.Errorf("run %s: %w: %s", failed.Program, failed.Err, said)
	}
	switch hint := s.lacks(said); {
	case ctx.Err() != nil:
		return err
	case hint != "":
		return release.Refuse(hint, "fill scratch database: %w", err)
	case s.keeper.Ping(ctx) != nil:
		return s.gone(err)
	case s.from.Backup == "":
		return fmt.Errorf("fill scratch database: %w", err)
	}
	return release.Refuse("find out why the backup cannot be restored before you rely on it", "verify backup: it was not restored: %w", err)
}

// complaints are the lines of a program that say what is wrong: those behind them
// quote rows.
func complaints(stderr string) string {
	var list []string
	for l := range strings.Lines(stderr) {
		if strings.Contains(l, "error: ") || strings.Contains(l, "ERROR: ") {
			list = append(list, strings.TrimSpace(l))
		}
	}
	return strings.Join(list, "; ")
}

// Rows counts as many tables as like has.
func (s *scratch) Rows(ctx context.Context, like map[string]migration.Rows) (map[string]migration.Rows, error) {
	have, err := s.db.Rows(ctx, like, s.stage.live.settings.Rehearsal.Timeout)
	if err != nil {
		return nil, s.gone(err)
	}
	return have, nil
}
