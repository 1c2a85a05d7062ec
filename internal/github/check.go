package github

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Checks reads the latest check runs, commit statuses and workflow runs on a
// commit.
func (r *Repository) Checks(ctx context.Context, commit release.Commit) ([]preflight.Check, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	var all []preflight.Check
	for _, read := range []func(context.Context, release.Commit) ([]preflight.Check, error){r.checkRuns, r.statuses, r.workflows} {
		some, err := read(ctx, commit)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// ofRun finds the workflow run in the address of a check.
var ofRun = regexp.MustCompile(`/actions/runs/([0-9]+)/`)

func (r *Repository) checkRuns(ctx context.Context, commit release.Commit) ([]preflight.Check, error) {
	runs, err := pages(func(page *github.ListOptions) ([]*github.CheckRun, *github.Response, error) {
		options := &github.ListCheckRunsOptions{ListOptions: *page}
		list, resp, err := r.client.Checks.ListCheckRunsForRef(ctx, r.owner, r.name, string(commit), options)
		if err = found(list, err); err != nil {
			return nil, resp, err
		}
		return list.CheckRuns, resp, nil
	})
	if err != nil {
		return nil, problem(ctx, err, "checks: read", "read checks of %s", commit.Short())
	}
	all := make([]preflight.Check, len(runs))
	for i, c := range runs {
		all[i] = preflight.Check{Name: c.GetName(), Done: c.GetStatus() == "completed", Conclusion: c.GetConclusion(), App: c.GetApp().GetID()}
		if m := ofRun.FindStringSubmatch(c.GetDetailsURL()); m != nil {
			all[i].Run, _ = strconv.ParseInt(m[1], 10, 64) // digits; one that is too large is no run of ours
		}
	}
	return all, nil
}

// statuses reads what systems outside of GitHub Actions have said.
func (r *Repository) statuses(ctx context.Context, commit release.Commit) ([]preflight.Check, error) {
	list, err := pages(func(page *github.ListOptions) ([]*github.RepoStatus, *github.Response, error) {
		combined, resp, err := r.client.Repositories.GetCombinedStatus(ctx, r.owner, r.name, string(commit), page)
		if err = found(combined, err); err != nil {
			return nil, resp, err
		}
		return combined.Statuses, resp, nil
	})
	if err != nil {
		return nil, problem(ctx, err, "statuses: read", "read commit statuses of %s", commit.Short())
	}
	all := make([]preflight.Check, len(list))
	for i, s := range list {
		all[i] = preflight.Check{Name: s.GetContext(), Done: s.GetState() != "pending", Conclusion: s.GetState()}
	}
	return all, nil
}

// workflows reads the last run of each workflow. Two files may give theirs one
// name: both count.
func (r *Repository) workflows(ctx context.Context, commit release.Commit) ([]preflight.Check, error) {
	runs, err := pages(func(page *github.ListOptions) ([]*github.WorkflowRun, *github.Response, error) {
		options := &github.ListWorkflowRunsOptions{HeadSHA: string(commit), ListOptions: *page}
		list, resp, err := r.client.Actions.ListRepositoryWorkflowRuns(ctx, r.owner, r.name, options)
		if err = found(list, err); err != nil {
			return nil, resp, err
		}
		return list.WorkflowRuns, resp, nil
	})
	if err != nil {
		return nil, problem(ctx, err, "actions: read", "read workflow runs of %s", commit.Short())
	}
	var all []preflight.Check
	seen := map[int64]bool{}
	for _, run := range runs { // the newest first
		if !seen[run.GetWorkflowID()] {
			seen[run.GetWorkflowID()] = true
			all = append(all, preflight.Check{
				Name: run.GetName(), Done: run.GetStatus() == "completed", Conclusion: run.GetConclusion(), Run: run.GetID(),
			})
		}
	}
	return all, nil
}

// Required lists the checks that a branch requires, by its protection or by
// rulesets, with the GitHub Apps that have to say so; "" is the default branch.
func (r *Repository) Required(ctx context.Context, branch string) ([]preflight.Requirement, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	branch, err := r.orDefault(ctx, branch)
	if err != nil {
		return nil, err
	}
	var protected struct {
		Protection struct {
			Checks struct {
				Contexts []string   `json:"contexts"` // all of them by name
				Checks   []required `json:"checks"`   // and some by their app
			} `json:"required_status_checks"`
		} `json:"protection"`
	}
	_, err = r.get(ctx, &protected, "branches", branch)
	if notFound(err) && r.visible(ctx) {
		return nil, release.Refuse("correct preflight.branch", "%s/%s has no branch %s", r.owner, r.name, branch)
	}
	if err != nil {
		return nil, problem(ctx, err, "contents: read", "read branch %s", branch)
	}
	all, err := r.ruled(ctx, branch)
	if err != nil {
		return nil, err
	}
	for _, name := range protected.Protection.Checks.Contexts {
		all = append(all, preflight.Requirement{Name: name})
	}
	for _, check := range protected.Protection.Checks.Checks {
		all = append(all, check.requirement())
	}
	return strictest(all), nil
}

// strictest sorts requirements, and drops one that anybody may meet where another
// names who.
func strictest(all []preflight.Requirement) []preflight.Requirement {
	slices.SortFunc(all, func(a, b preflight.Requirement) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.App, a.App))
	})
	return slices.CompactFunc(all, func(a, b preflight.Requirement) bool { return a.Name == b.Name && (a.App == b.App || a.App*b.App == 0) })
}

// required is a check that a branch requires. The id of an app is -1 or missing where
// anybody may say it.
type required struct {
	Context     string `json:"context"`
	App         int64  `json:"app_id"`         // in a branch's protection
	Integration int64  `json:"integration_id"` // in a ruleset
}

func (c required) requirement() preflight.Requirement {
	return preflight.Requirement{Name: c.Context, App: max(c.App, c.Integration, 0)}
}

// branchRule is a rule of a ruleset, as far as it requires checks.
type branchRule struct {
	Type       string `json:"type"`
	Parameters struct {
		Checks []required `json:"required_status_checks"`
	} `json:"parameters"`
}

// ruled lists the checks that rulesets require of a branch.
func (r *Repository) ruled(ctx context.Context, branch string) ([]preflight.Requirement, error) {
	rules, err := pages(func(page *github.ListOptions) (rules []branchRule, resp *github.Response, err error) {
		resp, err = r.page(ctx, page, &rules, "rules", "branches", branch)
		return rules, resp, err
	})
	if err != nil {
		return nil, problem(ctx, err, "contents: read", "read rules of branch %s", branch)
	}
	var all []preflight.Requirement
	for _, rule := range rules {
		if rule.Type != "required_status_checks" {
			continue
		}
		for _, check := range rule.Parameters.Checks {
			all = append(all, check.requirement())
		}
	}
	return all, nil
}
