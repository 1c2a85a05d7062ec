package preflight

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// look is all that is looked at, for one release.
type look struct {
	job *action.Job
	in  inputs
}

func probes(_ context.Context, job *action.Job, in inputs) []preflight.Probe {
	l := look{job, in}
	all := []preflight.Probe{
		preflight.Values(job.Config.Preflight.Values, os.LookupEnv),
		preflight.Balancer(l.balancer), preflight.IdleSlot(l.idle), preflight.GoodSlot(l.good),
		preflight.Compose(l.compose), preflight.Registry(l.registry),
		preflight.Database(l.database), preflight.Redis(l.redis), preflight.Prometheus(l.prometheus),
	}
	for _, s := range release.Slots {
		all = append(all, preflight.Engine(s, func(ctx context.Context) (string, error) { return l.engine(ctx, s) }))
	}
	return append(all, l.github()...)
}

func (l look) balancer(ctx context.Context) (string, error) {
	s, err := connect.Switch(l.job)
	if err != nil {
		return "", err
	}
	if err := s.Try(ctx); err != nil {
		return "", err
	}
	share, err := s.Observe(ctx, l.job.Config.Shift.Observe)
	if err != nil {
		return "", err
	}
	l.job.Log.Info("counted the traffic before the release", "share", share)
	return fmt.Sprintf("it can be switched without a reload, and sends new clients to %v", share), nil
}

// idle refuses a slot that has traffic or belongs to another release, unless
// all of that is this release's own doing, in an earlier attempt.
func (l look) idle(ctx context.Context) (string, error) {
	balancer, _, err := connect.Balancer(l.job)
	if err != nil {
		return "", err
	}
	w, err := balancer.Router.Weights(ctx)
	if err != nil {
		return "", err
	}
	page, err := balancer.Ledger.Read(ctx)
	if err != nil {
		return "", err
	}
	record := l.job.Release
	ours := page.Shift != nil && page.Shift.Release == record.ID
	if w.Of(record.Candidate) != 0 && !record.First && !ours {
		return "", fmt.Errorf("%s has %v of the traffic", record.Candidate, w.Of(record.Candidate))
	}
	if c, taken := page.Claims[record.Candidate]; taken && c.Release != record.ID && !c.Yielded && !l.in.TakeOver {
		return "", release.Refuse("wait for that release, roll it back, or set take-over", "release %s has claimed the %s slot at %s", c.Release, record.Candidate, c.At.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s is to be replaced; the traffic is %v", record.Candidate, w), nil
}

func (l look) good(ctx context.Context) (string, error) {
	if l.job.Release.Good == "" {
		return "", preflight.Absent("this is the first release: there is no way back")
	}
	env, err := connect.Slot(ctx, l.job, l.job.Release.Good)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is live and healthy", l.job.Release.Good), env.Healthy(ctx)
}

func (l look) compose(ctx context.Context) (string, error) {
	tool, err := compose.Find(ctx)
	return "version " + tool.Version, err
}

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

func (l look) engine(ctx context.Context, s release.Slot) (string, error) {
	env, err := connect.Slot(ctx, l.job, s)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	return fmt.Sprintf("answers; %d containers of this slot", len(all)), err
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

func (l look) github() []preflight.Probe {
	repository, err := connect.GitHub(l.job)
	if err != nil || l.in.Environment == "" {
		return []preflight.Probe{preflight.Environment("of the release", func(context.Context) (string, error) {
			if err != nil {
				return "", err
			}
			return "", preflight.Absent("the input environment is empty: no protection was looked at")
		})}
	}
	all := preflight.Commit(repository, l.job.Config.Preflight, l.job.Release.Commit, l.job.Runner.RunID)
	all = append(all, preflight.Environment(l.in.Environment, func(ctx context.Context) (string, error) {
		e, err := repository.Environment(ctx, l.in.Environment)
		if err != nil {
			return "", err
		}
		return "nobody has to wait there, so a rollback never does", signoff.Unguarded(e)
	}))
	for _, role := range l.job.Config.SignOff.All() {
		name := role.Environment(l.in.Environment)
		all = append(all, preflight.Environment(name, func(ctx context.Context) (string, error) {
			e, err := repository.Environment(ctx, name)
			if err != nil {
				return "", err
			}
			return "it asks a required reviewer", l.job.Config.SignOff.Guarded(e)
		}))
	}
	return all
}
