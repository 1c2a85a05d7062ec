package github

import (
	"context"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Standing compares a commit with the head of a branch; "" is the repository's
// default branch.
func (r *Repository) Standing(ctx context.Context, branch string, commit release.Commit) (preflight.Standing, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	branch, err := r.orDefault(ctx, branch)
	if err != nil {
		return preflight.Standing{}, err
	}
	c, _, err := r.client.Repositories.CompareCommits(ctx, r.owner, r.name, branch, string(commit), &github.ListOptions{PerPage: 1})
	if notFound(err) && r.visible(ctx) {
		return preflight.Standing{}, release.Refuse("correct preflight.branch, or push the commit",
			"%s/%s has no branch %s, or no commit %s", r.owner, r.name, branch, commit.Short())
	}
	if err != nil {
		return preflight.Standing{}, problem(ctx, err, "contents: read", "compare %s with %s", commit.Short(), branch)
	}
	return preflight.Standing{Branch: branch, Status: c.GetStatus(), Behind: c.GetBehindBy()}, nil
}

// orDefault is a branch, or the repository's default branch for "".
func (r *Repository) orDefault(ctx context.Context, branch string) (string, error) {
	if branch != "" {
		return branch, nil
	}
	repository, _, err := r.client.Repositories.Get(ctx, r.owner, r.name)
	if err != nil {
		return "", problem(ctx, err, "contents: read", "read repository %s/%s", r.owner, r.name)
	}
	return repository.GetDefaultBranch(), nil
}

// PullRequests reads the pull requests that a commit belongs to, and of those that
// are merged the reviews of people who belong to the repository or its organization.
func (r *Repository) PullRequests(ctx context.Context, commit release.Commit) ([]preflight.PullRequest, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	pulls, err := pages(func(page *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return r.client.PullRequests.ListPullRequestsWithCommit(ctx, r.owner, r.name, string(commit), page)
	})
	if err != nil {
		return nil, problem(ctx, err, "pull-requests: read", "read pull requests of %s", commit.Short())
	}
	all := make([]preflight.PullRequest, len(pulls))
	for i, p := range pulls {
		all[i] = preflight.PullRequest{
			Number: p.GetNumber(), Author: p.GetUser().GetLogin(), Merged: !p.GetMergedAt().IsZero(),
			Base: p.GetBase().GetRef(), Head: p.GetHead().GetSHA(),
		}
		if !all[i].Merged {
			continue
		}
		if all[i].Reviews, err = r.reviews(ctx, p.GetNumber()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Repository) reviews(ctx context.Context, number int) ([]preflight.Review, error) {
	list, err := pages(func(page *github.ListOptions) ([]*github.PullRequestReview, *github.Response, error) {
		return r.client.PullRequests.ListReviews(ctx, r.owner, r.name, number, page)
	})
	if err != nil {
		return nil, problem(ctx, err, "pull-requests: read", "read reviews of pull request %d", number)
	}
	var all []preflight.Review
	for _, v := range list {
		if slices.Contains(belonging, v.GetAuthorAssociation()) {
			all = append(all, preflight.Review{By: v.GetUser().GetLogin(), State: v.GetState(), Commit: v.GetCommitID()})
		}
	}
	return all, nil
}

// belonging is what GitHub calls those who are asked for their opinion. In a public
// repository anybody may approve a pull request, or ask for changes.
var belonging = []string{"OWNER", "MEMBER", "COLLABORATOR"}
