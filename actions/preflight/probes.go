package preflight

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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
		preflight.Values(job.Config.Preflight.Values, l.value),
		preflight.Balancer(l.balancer), preflight.IdleSlot(l.idle), preflight.GoodSlot(l.good),
		preflight.Compose(l.compose), preflight.Registry(l.registry),
		preflight.Database(l.database), preflight.Redis(l.redis), preflight.Prometheus(l.prometheus),
	}
	for _, s := range release.Slots {
		all = append(all, preflight.Engine(s, func(ctx context.Context) (string, error) { return l.engine(ctx, s) }))
	}
	return append(all, l.github()...)
}

// value is a variable of the step, else one of BLUEGREEN_ENV.
func (l look) value(name string) (string, bool) {
	if v := os.Getenv(name); v != "" {
		return v, true
	}
	i := slices.IndexFunc(l.job.Env, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
	if i < 0 {
		return "", false
	}
	return strings.TrimPrefix(l.job.Env[i], name+"="), true
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
	if w, err := s.Weights(ctx); err != nil || !share.Fits(w) {
		return "", errors.Join(err, fmt.Errorf("it says %v and sends %v", w, share))
	}
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

func (l look) engine(ctx context.Context, s release.Slot) (string, error) {
	env, err := connect.Slot(ctx, l.job, s)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	return fmt.Sprintf("answers; %d containers of this slot", len(all)), err
}
