package github

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Asset is a file of a GitHub release.
type Asset struct {
	Name    string
	Type    string // media type
	Content string
}

// Attach adds a file to the GitHub release of a tag, in place of one of the same
// name, and returns the address of the file. What an upload that was killed has
// left is replaced, too. A draft is a release as well.
func (r *Repository) Attach(ctx context.Context, tag string, a Asset) (string, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	all, err := pages(func(page *github.ListOptions) ([]*github.RepositoryRelease, *github.Response, error) {
		return r.client.Repositories.ListReleases(ctx, r.owner, r.name, page)
	})
	if err != nil {
		return "", problem(ctx, err, "contents: write", "list the GitHub releases")
	}
	i := slices.IndexFunc(all, func(known *github.RepositoryRelease) bool { return known.GetTagName() == tag })
	if i < 0 {
		return "", release.Refuse("create a release of this tag, published or as a draft; a draft is seen with contents: write", "attach %s: there is no GitHub release of the tag %q", a.Name, tag)
	}
	return r.upload(ctx, all[i], a)
}

func (r *Repository) upload(ctx context.Context, to *github.RepositoryRelease, a Asset) (string, error) {
	if err := r.detach(ctx, to.GetID(), a.Name); err != nil {
		return "", err
	}
	target, err := uploadTarget(to.GetUploadURL(), r.client.BaseURL.Host, a.Name)
	if err != nil {
		return "", fmt.Errorf("attach %s to %s: %w", a.Name, to.GetTagName(), err)
	}
	req, err := r.client.NewUploadRequest(target, strings.NewReader(a.Content), int64(len(a.Content)), a.Type)
	if err != nil {
		return "", fmt.Errorf("attach %s to %s: %w", a.Name, to.GetTagName(), err)
	}
	var added github.ReleaseAsset
	if _, err := r.client.Do(ctx, req, &added); err != nil {
		return "", problem(ctx, err, "contents: write", "attach %s to the GitHub release of %s", a.Name, to.GetTagName())
	}
	return added.GetBrowserDownloadURL(), nil
}

// detach removes the file of a name, since GitHub keeps one of each.
func (r *Repository) detach(ctx context.Context, id int64, name string) error {
	all, err := pages(func(page *github.ListOptions) ([]*github.ReleaseAsset, *github.Response, error) {
		return r.client.Repositories.ListReleaseAssets(ctx, r.owner, r.name, id, page)
	})
	if err != nil {
		return problem(ctx, err, "contents: write", "list the files of GitHub release %d", id)
	}
	for _, have := range all {
		if have.GetName() != name {
			continue
		}
		if _, err := r.client.Repositories.DeleteReleaseAsset(ctx, r.owner, r.name, have.GetID()); err != nil && !notFound(err) {
			return problem(ctx, err, "contents: write", "replace %s", name)
		}
	}
	return nil
}

// uploadTarget is where the API says that files go, if that is a host that gets
// the token.
func uploadTarget(template, api, name string) (string, error) {
	address, _, _ := strings.Cut(template, "{")
	u, err := url.Parse(address)
	if err != nil || u.Host != api && u.Host != uploads(api) {
		return "", fmt.Errorf("the API sends files to %q, which is not GitHub's host for them", address)
	}
	u.RawQuery = url.Values{"name": {name}}.Encode()
	return u.String(), nil
}

// uploads is the host that takes files where the API has a host of its own: at
// GitHub, and below ghe.com.
func uploads(api string) string {
	if domain, own := strings.CutPrefix(api, "api."); own {
		return "uploads." + domain
	}
	return api
}

// Link is an address that a deployment shows.
type Link struct{ Address, Text string }

// LinkDeployment adds a link to the deployment that a release has announced to an
// environment, or else to the newest of its commit, which a job has made. It leaves
// the state and the address of what was deployed as they are.
func (r *Repository) LinkDeployment(ctx context.Context, environment string, of release.Record, l Link) error {
	all, err := r.Deployments(ctx, environment, of.Commit)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d Deployment) bool { return d.State() == "" })
	if len(all) == 0 {
		return release.Refuse("name the environment that the jobs of the release have", "link the record: there is no deployment of this commit to %s", environment)
	}
	to := all[max(0, slices.IndexFunc(all, func(d Deployment) bool { return d.Release != "" && d.Release == of.ID }))]
	ctx, cancel := ask(ctx)
	defer cancel()
	_, _, err = r.client.Repositories.CreateDeploymentStatus(ctx, r.owner, r.name, to.ID, &github.DeploymentStatusRequest{
		State: github.String(to.State()), LogURL: &l.Address, EnvironmentURL: &to.Statuses[0].URL, Description: &l.Text, AutoInactive: github.Bool(false),
	})
	if err != nil {
		return problem(ctx, err, "deployments: write", "link the record in deployment %d", to.ID)
	}
	return nil
}
