package preflight

import (
	"context"
	"errors"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

func (l look) github() []preflight.Probe {
	of := func(err error) preflight.Probe {
		return preflight.Environment("of the release", func(context.Context) (string, error) { return "", err })
	}
	repository, err := connect.GitHub(l.job)
	if err != nil {
		return []preflight.Probe{of(err)}
	}
	settings, commit, run := l.job.Config.Preflight, l.job.Release.Commit, l.job.Runner.RunID
	all := preflight.Commit(repository, settings, commit, run)
	scanners, err := connect.Scanners(l.job)
	if err != nil {
		return append(all, of(err))
	}
	all = append(all, preflight.Alerts(scanners, repository, settings, commit, run)...)
	if l.in.Environment == "" {
		return append(all, of(l.unnamed()))
	}
	all = append(all, preflight.Environment(l.in.Environment, func(ctx context.Context) (string, error) {
		e, err := existing(ctx, repository, l.in.Environment)
		if err != nil {
			return "", err
		}
		return "nobody has to wait there, so a rollback never does", signoff.Unguarded(e)
	}))
	for _, role := range l.job.Config.SignOff.All() {
		name := role.Environment(l.in.Environment)
		all = append(all, preflight.Environment(name, func(ctx context.Context) (string, error) {
			e, err := existing(ctx, repository, name)
			if err != nil {
				return "", err
			}
			return l.job.Config.SignOff.Asks(e), l.job.Config.SignOff.Ready(e)
		}))
	}
	return all
}

// unnamed refuses that nobody looks whether the roles would be asked. Where there are
// none, a release without an environment is one of a workflow of its own.
func (l look) unnamed() error {
	var names []string
	for _, role := range l.job.Config.SignOff.All() {
		names = append(names, role.Name)
	}
	if len(names) > 0 {
		return release.Refuse("pass the environment that is released to, such as production, in the input environment; where nobody signs off, set sign-off.roles to []",
			"the input environment is empty, so nobody knows whether %s would be asked", strings.Join(names, ", "))
	}
	return preflight.Absent("the input environment is empty: no protection was looked at")
}

// existing refuses an environment that is not there.
func existing(ctx context.Context, repository *github.Repository, name string) (signoff.Environment, error) {
	e, err := repository.Environment(ctx, name)
	if errors.Is(err, signoff.ErrNoEnvironment) {
		err = signoff.Missing(name)
	}
	return e, err
}
