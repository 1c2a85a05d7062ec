package github

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

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

// recent is how many analyses are looked through.
const recent = 300

// Analysed reports whether the commit has an analysis of each kind, by tool and
// category, that the commit analysed before it has, and none that ended in an error.
// A language of a matrix may still be at work when another is done.
func (r *Repository) Analysed(ctx context.Context, branch string, commit release.Commit) (bool, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	options := &github.AnalysesListOptions{ListOptions: github.ListOptions{PerPage: 100, Page: 1}}
	if branch != "" {
		options.Ref = github.String(ref(branch))
	}
	var of analyses
	for of.seen < recent {
		list, resp, err := r.client.CodeScanning.ListAnalysesForRepo(ctx, r.owner, r.name, options)
		if err != nil {
			return false, unseen(ctx, err, "security-events: read", "read code-scanning analyses")
		}
		for _, a := range list {
			of.note(a, string(commit))
		}
		if resp.NextPage == 0 {
			break
		}
		options.Page = resp.NextPage
	}
	return of.whole(), nil
}

// analyses is what the analyses of a branch, the newest first, say of a commit.
type analyses struct {
	seen   int
	ended  map[[2]string]bool // by tool and category: whether the latest of the commit ended well
	before string             // the commit analysed before it
	wanted map[[2]string]bool // the kinds that it has
}

func (of *analyses) note(a *github.ScanningAnalysis, commit string) {
	of.seen++
	kind, sha := [2]string{a.GetTool().GetName(), a.GetCategory()}, a.GetCommitSHA()
	switch _, known := of.ended[kind]; {
	case sha == commit && of.ended == nil:
		of.ended, of.wanted = map[[2]string]bool{kind: a.GetError() == ""}, map[[2]string]bool{}
	case sha == commit && !known:
		of.ended[kind] = a.GetError() == ""
	case sha == commit || of.ended == nil: // an attempt before the latest, or a commit after this one
	case of.before == "" || of.before == sha:
		of.before, of.wanted[kind] = sha, true
	}
}

func (of *analyses) whole() bool {
	for kind := range of.wanted {
		if !of.ended[kind] {
			return false
		}
	}
	return len(of.ended) > 0 && !slices.Contains(slices.Collect(maps.Values(of.ended)), false)
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
