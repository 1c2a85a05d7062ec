package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Deployment is what GitHub recorded of a job that named an environment, or of a
// release that was announced.
type Deployment struct {
	ID       int64
	Task     string     // deploy for the one of a job
	Release  release.ID // of a release that was announced
	Statuses []Status   // the newest first
}

// Status is a state of a deployment, where people look.
type Status struct {
	State       string // such as waiting, in_progress, success, failure, inactive
	Description string // at most 140 characters are kept
	Log         string // address of the run
	URL         string // address of what was deployed
	At          time.Time
}

// State is the latest state; empty before the first.
func (d Deployment) State() string {
	if len(d.Statuses) == 0 {
		return ""
	}
	return d.Statuses[0].State
}

// Deployments reads the deployments of a commit to an environment, the newest
// first; of every commit for "".
func (r *Repository) Deployments(ctx context.Context, environment string, commit release.Commit) ([]Deployment, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	list, err := pages(func(page *github.ListOptions) ([]*github.Deployment, *github.Response, error) {
		options := &github.DeploymentsListOptions{Environment: environment, SHA: string(commit), ListOptions: *page}
		return r.client.Repositories.ListDeployments(ctx, r.owner, r.name, options)
	})
	return r.withStatuses(ctx, environment, list, err)
}

// ofRelease is the task of deployments that releases announce. GitHub makes others
// for each job.
const ofRelease = "bluegreen"

// Releases reads the latest releases that were announced, the newest first: some,
// and all back to the one that was live before the one that is. What is older was
// marked as inactive by these.
func (r *Repository) Releases(ctx context.Context, environment string) ([]Deployment, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	const some = 5
	var all []Deployment
	options := &github.DeploymentsListOptions{Environment: environment, Task: ofRelease, ListOptions: github.ListOptions{PerPage: some, Page: 1}}
	for live := 0; options.Page > 0 && live < 2; {
		list, resp, err := r.client.Repositories.ListDeployments(ctx, r.owner, r.name, options)
		page, err := r.withStatuses(ctx, environment, list, err)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if s := d.State(); s == "success" || s == "inactive" {
				live++
			}
		}
		all, options.Page = append(all, page...), resp.NextPage
	}
	return all, nil
}

func (r *Repository) withStatuses(ctx context.Context, environment string, list []*github.Deployment, err error) ([]Deployment, error) {
	if err != nil {
		return nil, problem(ctx, err, "deployments: read", "read deployments to %s", environment)
	}
	list = slices.DeleteFunc(list, func(d *github.Deployment) bool { return d == nil })
	all := make([]Deployment, len(list))
	for i, d := range list {
		var payload struct {
			Release release.ID `json:"release"`
		}
		_ = json.Unmarshal(d.Payload, &payload) // another tool's may be anything
		all[i] = Deployment{ID: d.GetID(), Task: d.GetTask(), Release: payload.Release}
		if all[i].Statuses, err = r.deploymentStatuses(ctx, d.GetID()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Repository) deploymentStatuses(ctx context.Context, id int64) ([]Status, error) {
	list, err := pages(func(page *github.ListOptions) ([]*github.DeploymentStatus, *github.Response, error) {
		return r.client.Repositories.ListDeploymentStatuses(ctx, r.owner, r.name, id, page)
	})
	if err != nil {
		return nil, problem(ctx, err, "deployments: read", "read states of deployment %d", id)
	}
	all := make([]Status, len(list))
	for i, s := range list {
		all[i] = Status{State: s.GetState(), Description: s.GetDescription(), Log: s.GetLogURL(), URL: s.GetEnvironmentURL(), At: s.GetCreatedAt().Time}
	}
	return all, nil
}

// Announce makes a deployment for a release.
func (r *Repository) Announce(ctx context.Context, environment string, commit release.Commit, id release.ID, description string) (int64, error) {
	return r.deploy(ctx, environment, commit, ofRelease, description, map[string]any{"release": id})
}

// deploy makes a deployment of a commit. Nothing is merged, and no check is looked
// at.
func (r *Repository) deploy(ctx context.Context, environment string, commit release.Commit, task, description string, payload any) (int64, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	created, resp, err := r.client.Repositories.CreateDeployment(ctx, r.owner, r.name, &github.DeploymentRequest{
		Ref: github.String(string(commit)), Task: &task, Environment: &environment, Description: github.String(short(description)),
		AutoMerge: github.Bool(false), RequiredContexts: &[]string{}, Payload: payload,
	})
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = errors.New("GitHub made none: " + resp.Status)
	}
	if err != nil {
		return 0, problem(ctx, err, "deployments: write", "announce a deployment to %s", environment)
	}
	return created.GetID(), nil
}

// Mark gives a deployment a further state. After a success, GitHub marks the ones
// before as inactive only where the environment is no production.
func (r *Repository) Mark(ctx context.Context, id int64, s Status) error {
	ctx, cancel := ask(ctx)
	defer cancel()
	request := &github.DeploymentStatusRequest{
		State: &s.State, Description: github.String(short(s.Description)), LogURL: &s.Log, EnvironmentURL: &s.URL,
		AutoInactive: github.Bool(true),
	}
	if _, _, err := r.client.Repositories.CreateDeploymentStatus(ctx, r.owner, r.name, id, request); err != nil {
		return problem(ctx, err, "deployments: write", "mark deployment %d as %s", id, s.State)
	}
	return nil
}

// short keeps to GitHub's limit for descriptions.
func short(text string) string {
	const most = 140
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
