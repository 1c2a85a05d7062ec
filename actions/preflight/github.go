package preflight

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
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
	all := preflight.Commit(repository, l.job.Config.Preflight, l.job.Release.Commit, l.job.Runner.RunID)
	if l.in.Environment == "" {
		return append(all, of(preflight.Absent("the input environment is empty: no protection was looked at")))
	}
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
