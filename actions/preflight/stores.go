package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
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
	settings := l.job.Config.Database
	if settings.URL == "" {
		return "", preflight.Absent("none is configured")
	}
	settings.Folder = l.job.Path(settings.Folder)
	systems, err := connect.Database(settings, nil)
	if err != nil {
		return "", err
	}
	pending, err := migration.Look(ctx, settings, systems.Database)
	return fmt.Sprintf("PostgreSQL at schema version %v, %d migrations pending", pending.State.Version, len(pending.Files)), err
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

// prometheus measures every rule on the live slot: what is wrong with a query
// or a metric there would stop the first step.
func (l look) prometheus(ctx context.Context) (string, error) {
	server, err := prometheus.New(l.job.Config.Prometheus)
	if err != nil {
		return "", err
	}
	if _, err := server.Healthy(ctx); err != nil {
		return "", err
	}
	up, err := l.targets(ctx, server)
	if err != nil {
		return "", err
	}
	if l.job.Release.Good == "" {
		return "", preflight.Absent("it answers, %s; the rules cannot be measured before something is live", up)
	}
	faults, err := gate.Preflight(ctx, l.job.Config.Gates, server, connect.Pace(l.job), l.job.Release.Good)
	problems := []error{err}
	for _, f := range faults {
		problems = append(problems, fmt.Errorf("%s: %s", f.Rule, f.Reason))
	}
	return "answers, " + up + ", and every rule can be measured on the live slot", errors.Join(problems...)
}

// targets refuses a slot that Prometheus does not know: its first step would
// have nothing to go by.
func (l look) targets(ctx context.Context, server *prometheus.Server) (string, error) {
	if l.job.Config.Gates.Target == "" {
		return "no target is configured", nil
	}
	var texts []string
	for _, s := range release.Slots {
		result, err := server.Query(ctx, strings.ReplaceAll(l.job.Config.Gates.Target, "{{slot}}", string(s)))
		if err != nil {
			return "", err
		}
		if len(result.Series) == 0 {
			return "", fmt.Errorf("no target for the %s slot", s)
		}
		up := 0
		for _, series := range result.Series {
			if series.Value == 1 {
				up++
			}
		}
		texts = append(texts, fmt.Sprintf("%s has %d of %d targets up", s, up, len(result.Series)))
	}
	return strings.Join(texts, ", "), nil
}
