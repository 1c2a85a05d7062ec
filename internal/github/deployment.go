package github

import (
	"context"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Deployment is what GitHub recorded of a job that named an environment.
type Deployment struct {
	ID    int64
	State string    // the latest, such as success; empty before the first
	At    time.Time // of that state
}

// Deployments reads the deployments of a commit to an environment, the newest
// first, each with its latest state.
func (r *Repository) Deployments(ctx context.Context, environment string, commit release.Commit) ([]Deployment, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	list, err := pages(func(page *github.ListOptions) ([]*github.Deployment, *github.Response, error) {
		options := &github.DeploymentsListOptions{Environment: environment, SHA: string(commit), ListOptions: *page}
		return r.client.Repositories.ListDeployments(ctx, r.owner, r.name, options)
	})
	if err != nil {
		return nil, problem(ctx, err, "deployments: read", "read deployments to %s", environment)
	}
	all := make([]Deployment, len(list))
	for i, d := range list {
		all[i].ID = d.GetID()
		latest, _, err := r.client.Repositories.ListDeploymentStatuses(ctx, r.owner, r.name, d.GetID(), &github.ListOptions{PerPage: 1})
		if err != nil {
			return nil, problem(ctx, err, "deployments: read", "read states of deployment %d", d.GetID())
		}
		if len(latest) > 0 {
			all[i].State, all[i].At = latest[0].GetState(), latest[0].GetCreatedAt().Time
		}
	}
	return all, nil
}
