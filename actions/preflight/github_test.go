package preflight

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

const head = "cccccccccccccccccccccccccccccccccccccccc"

// ready is a repository whose commit may be released.
func ready() githubtest.State {
	quiet := githubtest.Scanner{On: true, Analyses: []string{head}}
	return githubtest.State{
		Repository: "acme/app", Token: "t", Branches: map[string]string{"main": head}, Commits: []githubtest.Commit{{SHA: head}},
		PullRequests: []githubtest.PullRequest{{
			Number: 5, Author: "erin", Base: "main", Head: head, Merged: true, Commits: []string{head},
			Reviews: []githubtest.Review{{User: "bob", State: "APPROVED", Commit: head}},
		}},
		CheckRuns: []githubtest.CheckRun{{Name: "unit", Commit: head, Status: "completed", Conclusion: "success", Run: 70}},
		Runs:      []githubtest.Run{{ID: 70, Name: "CI", Commit: head, Status: "completed", Conclusion: "success"}, {ID: 77, Name: "release", Commit: head}},
		Environments: []githubtest.Environment{
			{Name: "production"}, {Name: "production-qa", Users: []string{"alice"}, PreventSelfReview: true, AdminsMayBypass: true},
		},
		RuledChecks: []string{"unit"}, CodeScanning: quiet, Dependabot: quiet, SecretScanning: quiet,
	}
}

// What the workflow's token has in rollout.yml: neither Dependabot's alerts nor
// secret scanning's.
func granted() map[string]string {
	return map[string]string{
		"contents": "read", "actions": "read", "checks": "read", "statuses": "read", "pull-requests": "read", "security-events": "read",
	}
}

func lacking(scope string) func(*githubtest.State) {
	return func(s *githubtest.State) { s.Permissions = granted(); delete(s.Permissions, scope) }
}

// results asks the stand-in everything that preflight asks of GitHub.
func results(t *testing.T, state githubtest.State, change func(*look)) []preflight.Result {
	t.Helper()
	server := githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := look{job: &action.Job{Log: slog.New(slog.DiscardHandler), Token: "t", Runner: runner.Job{Repository: "acme/app", RunID: 77, APIURL: url}}}
	l.in.Environment, l.job.Release.Commit = "production", head
	l.job.Config.SignOff.Roles = []signoff.Role{{Name: "qa", Before: signoff.Shift}}
	l.job.Config.Preflight = preflight.Settings{
		RequireReview: true, CodeScanning: "high", Dependencies: "high", Secrets: true, UnitTests: []string{"CI", "unit"}, ChecksTimeout: time.Minute,
	}
	if change != nil {
		change(&l)
	}
	got := preflight.Run(t.Context(), 10*time.Minute, l.github()).Results
	for _, s := range server.Surprises() {
		t.Error(s)
	}
	return got
}

func TestWhatGitHubIsAskedBeforeARelease(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sentence string
		change   func(*githubtest.State)
		probe    string
		status   release.Status
		stops    bool
		want     string // of what was seen
		remedy   string
	}{
		{"the branch", nil, "branch", release.Passed, false, "is on main", ""},
		{"a commit that is on no branch", func(s *githubtest.State) {
			s.Commits = append(s.Commits, githubtest.Commit{SHA: strings.Repeat("d", 40)})
			s.Branches["main"] = strings.Repeat("d", 40)
		}, "branch", release.Failed, true, "is not on main", "merge the commit first"},
		{"the review", nil, "review", release.Passed, false, "approved by bob", ""},
		{"a review of an older commit", func(s *githubtest.State) { s.PullRequests[0].Reviews[0].Commit = strings.Repeat("a", 40) }, "review", release.Failed, true, "bob approved aaaaaaaaaaaa", "let somebody else"},
		{"a review on the way to another branch", func(s *githubtest.State) { s.PullRequests[0].Base = "feature/x" }, "review", release.Failed, true, "no merged pull request into main", "let somebody else"},
		{"the checks of the branch's rules", nil, "checks", release.Passed, false, "1 checks succeeded", ""},
		{"a rule whose check never ran", func(s *githubtest.State) { s.RuledChecks = []string{"lint"} }, "checks", release.Failed, true, "lint: no such check", "on: push"},
		{"a check and a workflow", nil, "unit tests", release.Passed, false, "2 checks succeeded", ""},
		{"a workflow that failed", func(s *githubtest.State) { s.Runs[0].Conclusion = "failure" }, "unit tests", release.Failed, true, "CI: failure", ""},
		{"code scanning", nil, "code scanning", release.Passed, false, "has looked at", ""},
		{"an alert", func(s *githubtest.State) {
			s.CodeScanning.Open = []githubtest.Alert{{Number: 3, Severity: "critical", What: "go/sql"}}
		}, "code scanning", release.Failed, true, "3 go/sql critical", "close the alerts"},
		{"code scanning of a commit that the branch has left behind", func(s *githubtest.State) {
			s.Commits = append(s.Commits, githubtest.Commit{SHA: strings.Repeat("d", 40), Parents: []string{head}})
			s.Branches["main"] = strings.Repeat("d", 40)
		}, "code scanning", release.NotShown, false, "1 commits behind", ""},
		{"Dependabot, whose alerts the token may not read", lacking(""), "dependency alerts", release.NotShown, false, "Resource not accessible", "vulnerability-alerts: read"},
		{"secret scanning, likewise", lacking(""), "secret alerts", release.NotShown, false, "Resource not accessible", "cannot have it"},
		{"code scanning, without the permission", lacking("security-events"), "code scanning", release.NotShown, false, "Resource not accessible", "security-events: read"},
		{"checks without the permission", lacking("checks"), "checks", release.NotShown, true, "Forbidden", "checks: read"},
		{"statuses without the permission", lacking("statuses"), "checks", release.NotShown, true, "Forbidden", "statuses: read"},
		{"reviews without the permission", lacking("pull-requests"), "review", release.NotShown, true, "Forbidden", "pull-requests: read"},
		{"environments without the permission", lacking("actions"), "environment production", release.NotShown, true, "Forbidden", "actions: read"},
		{"the target", nil, "environment production", release.Passed, false, "a rollback never does", ""},
		{"a target that waits", func(s *githubtest.State) { s.Environments[0].WaitMinutes = 5 }, "environment production", release.Failed, true, "a wait timer of 5m0s", "move these rules"},
		{"a target that is not there", func(s *githubtest.State) { s.Environments = s.Environments[1:] }, "environment production", release.Failed, true, "does not exist", "bluegreen environments --apply"},
		{"a role's environment", nil, "environment production-qa", release.Passed, false, "it asks alice, and not whoever started the run; administrators may bypass it, which signoff then refuses", ""},
		{"one that is not there", func(s *githubtest.State) { s.Environments = s.Environments[:1] }, "environment production-qa", release.Failed, true, "does not exist", "bluegreen environments --apply"},
		{"one that lets whoever started the run approve", func(s *githubtest.State) { s.Environments[1].PreventSelfReview = false }, "environment production-qa", release.Failed, true, "lets whoever started the run approve, which signoff would refuse", "bluegreen environments --apply"},
		{"one that asks nobody", func(s *githubtest.State) { s.Environments[1].Users = nil }, "environment production-qa", release.Failed, true, "asks nobody", "add required reviewers"},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			state := ready()
			if test.change != nil {
				test.change(&state)
			}
			all := results(t, state, nil)
			i := slices.IndexFunc(all, func(r preflight.Result) bool { return r.Name == test.probe })
			if got := all[i]; got.Status != test.status || got.Stops != test.stops || !strings.Contains(got.Observed, test.want) || !strings.Contains(got.Remedy, test.remedy) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Where it counts, nothing is wrong with it.
func TestSelfReviewThatIsAllowedStopsNothing(t *testing.T) {
	t.Parallel()
	state := ready()
	state.Environments[1].PreventSelfReview = false
	all := results(t, state, func(l *look) { l.job.Config.SignOff.AllowSelfReview = true })
	if got := all[len(all)-1]; got.Name != "environment production-qa" || got.Stops {
		t.Errorf("%+v", got)
	}
}

// A release that names no environment is not waved through while roles have to be
// asked.
func TestWithoutAnEnvironmentNobodyMayBeAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		roles []signoff.Role
		stops bool
		want  string
	}{
		{nil, true, "whether development, devops, qa, live, product would be asked"},
		{[]signoff.Role{{Name: "qa", Before: signoff.Shift}}, true, "whether qa would be asked"},
		{[]signoff.Role{}, false, "no protection was looked at"},
	} {
		all := results(t, ready(), func(l *look) { l.in.Environment, l.job.Config.SignOff.Roles = "", test.roles })
		got := all[len(all)-1]
		if got.Name != "environment of the release" || got.Stops != test.stops || !strings.Contains(got.Observed, test.want) || test.stops && !strings.Contains(got.Remedy, "set sign-off.roles to []") {
			t.Errorf("%+v", got)
		}
	}
}

// A token of its own reads what the workflow's may not.
func TestAlertsHaveATokenOfTheirOwn(t *testing.T) {
	t.Parallel()
	state := ready()
	state.Token = "alerts"
	state.Dependabot.Open = []githubtest.Alert{{Number: 4, Severity: "high", What: "x/net"}}
	all := results(t, state, func(l *look) { l.job.Config.Preflight.AlertsToken = "alerts" })
	for name, want := range map[string]string{"dependency alerts": "4 x/net high", "secret alerts": "has no open alert", "branch": "Bad credentials"} {
		i := slices.IndexFunc(all, func(r preflight.Result) bool { return r.Name == name })
		if !strings.Contains(all[i].Observed, want) {
			t.Errorf("%+v, want %q", all[i], want)
		}
	}
}

func TestTheRolesOfTheWorkflow(t *testing.T) {
	t.Parallel()
	job := &action.Job{}
	if got := asked(job); got.Migrate != `["development","devops"]` || got.Shift != `["qa","live"]` || got.During != "[]" || got.Finalize != `["product"]` {
		t.Errorf("%+v", got)
	}
	job.Config.SignOff.Roles = []signoff.Role{}
	if got := asked(job); got.Migrate+got.Shift+got.During+got.Finalize != "[][][][]" {
		t.Errorf("nobody signs off, and %+v", got)
	}
}

// Whoever is asked can follow the addresses, and is promised no preview that is not
// there.
func TestThePageSaysWhatToLookAt(t *testing.T) {
	t.Parallel()
	job := &action.Job{Page: &summary.Page{}, Runner: runner.Job{Repository: "acme/app", RunID: 77, ServerURL: "https://github.com"}}
	job.Release.Commit = head
	page(job, "production")
	got := job.Page.Markdown()
	for _, address := range []string{"/actions/runs/77", "/actions/runs/77#artifacts", "/commit/" + head} {
		if !strings.Contains(got, "](https://github.com/acme/app"+address+")\n") {
			t.Errorf("no link to %s: %s", address, got)
		}
	}
	if strings.Contains(got, "Preview") || strings.Contains(got, "preview") {
		t.Errorf("there is no preview: %s", got)
	}
	job.Page = &summary.Page{}
	job.Config.Routers = map[string]config.Router{"edge": {HAProxy: haproxy.Settings{Preview: "0123456789abcdef"}}}
	page(job, "production")
	if got := job.Page.Markdown(); strings.Count(got, "X-Bluegreen-Preview") != 2 { // qa and live
		t.Errorf("the preview is not named: %s", got)
	}
}
