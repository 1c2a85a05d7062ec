package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// look is all that is looked at, for one release.
type look struct {
	job *action.Job
	in  inputs
}

func probes(_ context.Context, job *action.Job, in inputs) []preflight.Probe {
	l := look{job, in}
	all := []preflight.Probe{
		preflight.Values(job.Config.Preflight.Values, l.value), preflight.Items(l.items),
		preflight.Balancer(l.balancer), preflight.IdleSlot(l.idle), preflight.GoodSlot(l.good),
		preflight.Compose(l.compose), preflight.Registry(l.registry),
		preflight.Repeated(l.repeated), preflight.Approvals(l.approvals), preflight.Length(l.length),
		preflight.Database(l.database), preflight.Redis(l.redis), l.source(), preflight.Samples(l.traffic), preflight.AlertRules(l.alerting),
	}
	for _, s := range release.Slots {
		all = append(all, preflight.Engine(s, func(ctx context.Context) (string, error) { return l.engine(ctx, s) }))
	}
	return append(all, l.github()...)
}

// value is a variable of the step, else one of BLUEGREEN_ENV.
func (l look) value(name string) (string, bool) {
	v := l.job.Getenv(name)
	return v, v != ""
}

func (l look) compose(ctx context.Context) (string, error) {
	tool, err := compose.Find(ctx)
	if err != nil {
		return "", err
	}
	var services []string
	for _, s := range release.Slots {
		has, failed := connect.Own(ctx, l.job, s)
		services, err = append(services, fmt.Sprintf("%s has %d services", s, len(has))), errors.Join(err, failed)
	}
	return fmt.Sprintf("version %s; %s", tool.Version, strings.Join(services, ", ")), err
}

func (l look) engine(ctx context.Context, s release.Slot) (string, error) {
	env, err := connect.Slot(ctx, l.job, s)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	return fmt.Sprintf("answers; %d containers of this slot", len(all)), err
}
