package github

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var _ preflight.Scanners = (*Repository)(nil)

// CodeAlerts reads the open code-scanning alerts of a branch; "" is the default
// branch.
func (r *Repository) CodeAlerts(ctx context.Context, branch string) ([]preflight.Alert, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	list, err := pages(func(page *github.ListOptions) ([]*github.Alert, *github.Response, error) {
		options := &github.AlertListOptions{State: "open", Ref: ref(branch), ListOptions: *page}
		return r.client.CodeScanning.ListAlertsForRepo(ctx, r.owner, r.name, options)
	})
	if err != nil {
		return nil, unseen(ctx, err, "security-events: read", "read code-scanning alerts")
	}
	all := make([]preflight.Alert, len(list))
	for i, a := range list {
		all[i] = preflight.Alert{Number: a.GetNumber(), What: a.GetRule().GetID(), Severity: graded(a.GetRule())}
	}
	return all, nil
}

// graded is the security severity of a rule, else what its severity as a
// finding comes to.
func graded(rule *github.Rule) preflight.Severity {
	likened := map[string]string{"note": "low", "warning": "medium", "error": "high"}
	return preflight.Severity(cmp.Or(rule.GetSecuritySeverityLevel(), likened[rule.GetSeverity()]))
}

func ref(branch string) string {
	if branch == "" {
		return ""
	}
	return "refs/heads/" + branch
}

// recent is how many analyses are looked through for one of a commit.
const recent = 300

// Analysed reports whether one of the latest analyses is of the commit, and did not
// end in an error.
func (r *Repository) Analysed(ctx context.Context, branch string, commit release.Commit) (bool, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	options := &github.AnalysesListOptions{ListOptions: github.ListOptions{PerPage: 100, Page: 1}}
	if branch != "" {
		options.Ref = github.String(ref(branch))
	}
	for seen := 0; seen < recent; {
		list, resp, err := r.client.CodeScanning.ListAnalysesForRepo(ctx, r.owner, r.name, options)
		if err != nil {
			return false, unseen(ctx, err, "security-events: read", "read code-scanning analyses")
		}
		for _, a := range list {
			if a.GetCommitSHA() == string(commit) && a.GetError() == "" {
				return true, nil
			}
		}
		if seen += len(list); resp.NextPage == 0 {
			break
		}
		options.Page = resp.NextPage
	}
	return false, nil
}

// DependencyAlerts reads Dependabot's open alerts.
func (r *Repository) DependencyAlerts(ctx context.Context) ([]preflight.Alert, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	var all []preflight.Alert
	options := &github.ListAlertsOptions{State: github.String("open"), ListCursorOptions: github.ListCursorOptions{PerPage: 100}}
	for {
		list, resp, err := r.client.Dependabot.ListRepoAlerts(ctx, r.owner, r.name, options)
		if err != nil {
			return nil, unseen(ctx, err, "vulnerability-alerts: read", "read Dependabot's alerts")
		}
		for _, a := range list {
			all = append(all, preflight.Alert{
				Number: a.GetNumber(), What: a.GetDependency().GetPackage().GetName(), Severity: preflight.Severity(a.GetSecurityVulnerability().GetSeverity()),
			})
		}
		if resp.After == "" {
			return all, nil
		}
		options.After = resp.After
	}
}

// SecretAlerts reads the open secret-scanning alerts: their kinds, not the
// secrets. GitHub gives them no severity.
func (r *Repository) SecretAlerts(ctx context.Context) ([]preflight.Alert, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	list, err := pages(func(page *github.ListOptions) ([]*github.SecretScanningAlert, *github.Response, error) {
		options := &github.SecretScanningAlertListOptions{State: "open", ListOptions: *page}
		return r.client.SecretScanning.ListAlertsForRepo(ctx, r.owner, r.name, options)
	})
	if err != nil {
		return nil, unseen(ctx, err, "secret-scanning-alerts: read", "read secret-scanning alerts")
	}
	all := make([]preflight.Alert, len(list))
	for i, a := range list {
		all[i] = preflight.Alert{Number: a.GetNumber(), What: a.GetSecretType()}
	}
	return all, nil
}

// unseen is a problem that takes nothing from a release but the sight of a list:
// the scanner is off, or the token may not read it.
func unseen(ctx context.Context, err error, needs, what string) error {
	told := problem(ctx, err, needs, "%s", what)
	answer, ok := errors.AsType[*github.ErrorResponse](err)
	if !ok || answer.Response.StatusCode != http.StatusForbidden && answer.Response.StatusCode != http.StatusNotFound {
		return told
	}
	return release.CannotTell(release.HintOf(told), "%w", preflight.Absent("%s: %s", what, answer.Message))
}
