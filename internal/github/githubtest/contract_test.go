package githubtest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
)

const (
	head = "cccccccccccccccccccccccccccccccccccccccc"
	base = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// full has one of everything.
func full() githubtest.State {
	scan := githubtest.Scanner{On: true, Analyses: []string{head}, Open: []githubtest.Alert{{Number: 3, Severity: "high", What: "go/x"}}}
	return githubtest.State{
		Repository: "acme/app", Branches: map[string]string{"main": head},
		Commits: []githubtest.Commit{{SHA: base}, {SHA: head, Parents: []string{base}}},
		PullRequests: []githubtest.PullRequest{{
			Number: 5, Author: "erin", Base: "main", Head: head, Merged: true, Commits: []string{head},
			Reviews: []githubtest.Review{{User: "bob", State: "APPROVED", Commit: head}},
		}},
		CheckRuns:    []githubtest.CheckRun{{Name: "unit", Commit: head, Status: "completed", Conclusion: "success", Run: 70}},
		Statuses:     []githubtest.CommitStatus{{Commit: head, Context: "ci/jenkins", State: "success"}},
		Environments: []githubtest.Environment{{Name: "prod", Users: []string{"alice"}, Teams: []string{"ops"}, BranchPolicy: "custom", Branches: []string{"main"}, Variables: map[string]string{"A": "1"}}},
		Runs:         []githubtest.Run{{ID: 77, Commit: head, Actor: "erin"}, {ID: 70, Commit: head, Actor: "erin", Status: "completed", Conclusion: "success"}},
		Approvals:    []githubtest.Approval{{Run: 77, Environment: "prod", State: "approved", User: "alice"}},
		Deployments: []githubtest.Deployment{{ID: 1, Environment: "prod", Commit: base, Creator: "erin", Statuses: []githubtest.DeploymentStatus{
			{State: "success", At: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)},
		}}},
		Releases:        []githubtest.Release{{ID: 8, Tag: "v3", Assets: []githubtest.Asset{{ID: 3, Name: "old.html", Content: "<html>"}}}},
		ProtectedChecks: []string{"unit"}, RuledChecks: []string{"e2e"},
		CodeScanning: scan, Dependabot: scan, SecretScanning: scan, Users: []string{"alice", "bob"}, Teams: []string{"ops"},
	}
}

var operations = []struct {
	method, path, body string
	status             int
}{
	{"GET", "/repos/acme/app", "", 200},
	{"GET", "/repos/acme/app/compare/main..." + base, "", 200},
	{"GET", "/repos/acme/app/branches/main", "", 200},
	{"GET", "/repos/acme/app/rules/branches/main", "", 200},
	{"GET", "/repos/acme/app/commits/" + head + "/pulls", "", 200},
	{"GET", "/repos/acme/app/pulls/5/reviews", "", 200},
	{"GET", "/repos/acme/app/commits/" + head + "/check-runs", "", 200},
	{"GET", "/repos/acme/app/commits/" + head + "/status", "", 200},
	{"GET", "/repos/acme/app/code-scanning/alerts?state=open", "", 200},
	{"GET", "/repos/acme/app/code-scanning/analyses", "", 200},
	{"GET", "/repos/acme/app/dependabot/alerts?state=open&severity=high", "", 200},
	{"GET", "/repos/acme/app/secret-scanning/alerts?state=open", "", 200},
	{"GET", "/repos/acme/app/environments", "", 200},
	{"GET", "/repos/acme/app/environments/prod", "", 200},
	{"PUT", "/repos/acme/app/environments/prod-qa", `{"reviewers": [], "prevent_self_review": true, "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}`, 200},
	{"GET", "/repos/acme/app/environments/prod/deployment-branch-policies", "", 200},
	{"POST", "/repos/acme/app/environments/prod/deployment-branch-policies", `{"name": "release/*"}`, 200},
	{"DELETE", "/repos/acme/app/environments/prod/deployment-branch-policies/9", "", 204},
	{"GET", "/repos/acme/app/environments/prod/variables", "", 200},
	{"POST", "/repos/acme/app/environments/prod/variables", `{"name": "B", "value": "2"}`, 201},
	{"PATCH", "/repos/acme/app/environments/prod/variables/A", `{"value": "2"}`, 204},
	{"GET", "/repos/acme/app/actions/runs?head_sha=" + head, "", 200},
	{"GET", "/repos/acme/app/actions/runs/77", "", 200},
	{"GET", "/repos/acme/app/actions/runs/77/approvals", "", 200},
	{"GET", "/repos/acme/app/deployments", "", 200},
	{"POST", "/repos/acme/app/deployments", `{"ref": "` + head + `", "environment": "prod", "auto_merge": false, "required_contexts": [], "payload": {"run": 77}}`, 201},
	{"GET", "/repos/acme/app/deployments/1/statuses", "", 200},
	{"POST", "/repos/acme/app/deployments/1/statuses", `{"state": "in_progress", "description": "10 %"}`, 201},
	{"GET", "/repos/acme/app/releases", "", 200},
	{"GET", "/repos/acme/app/releases/8/assets", "", 200},
	{"POST", "/repos/acme/app/releases/8/assets?name=record.html", "<html>", 201},
	{"DELETE", "/repos/acme/app/releases/assets/3", "", 204},
	{"GET", "/users/alice", "", 200},
	{"GET", "/orgs/acme/teams/ops", "", 200},
}

// Each answer is held against GitHub's description by the server itself.
func TestEveryOperationIsAsGitHubDescribesIt(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		t.Run(o.method+" "+o.path, func(t *testing.T) {
			t.Parallel()
			server := githubtest.New(full())
			got := request(server, o.method, o.path, o.body)
			if got.Code != o.status || len(server.Surprises()) > 0 {
				t.Errorf("%d %s %v", got.Code, got.Body, server.Surprises())
			}
		})
	}
	if len(operations) != githubtest.Operations() {
		t.Errorf("%d operations are tried, the server has %d", len(operations), githubtest.Operations())
	}
}

// Where a permission is missing, GitHub names it in a header.
func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		state := full()
		state.Permissions = map[string]string{}
		got := request(githubtest.New(state), o.method, o.path, o.body)
		needs := got.Header().Get("X-Accepted-GitHub-Permissions")
		switch {
		case got.Code == o.status && (o.path == "/repos/acme/app" || strings.Contains(o.path, "/rules/") || strings.HasPrefix(o.path, "/users")):
		case got.Code != http.StatusForbidden || needs == "" || !strings.Contains(got.Body.String(), "Resource not accessible by integration"):
			t.Errorf("%s %s: %d, needs %q", o.method, o.path, got.Code, needs)
		}
		scope, level, _ := strings.Cut(needs, "=")
		state.Permissions[strings.ReplaceAll(scope, "_", "-")] = level
		if got := request(githubtest.New(state), o.method, o.path, o.body); got.Code != o.status {
			t.Errorf("%s %s with %s: %d", o.method, o.path, needs, got.Code)
		}
	}
}

func TestWhatGitHubWouldNotTake(t *testing.T) {
	t.Parallel()
	for sentence, o := range map[string][3]string{
		"a field that it does not know":  {"PUT", "/repos/acme/app/environments/prod", `{"reviewer": []}`},
		"a state that there is not":      {"POST", "/repos/acme/app/deployments/1/statuses", `{"state": "done"}`},
		"a number that is a word":        {"PUT", "/repos/acme/app/environments/prod", `{"wait_timer": "5"}`},
		"a deployment of nothing":        {"POST", "/repos/acme/app/deployments", `{"environment": "prod"}`},
		"a body where there is none":     {"GET", "/repos/acme/app/deployments", `{}`},
		"half a JSON":                    {"POST", "/repos/acme/app/deployments", `{"ref": `},
		"a query that it does not know":  {"GET", "/repos/acme/app/dependabot/alerts?page=2", ""},
		"an operation that is not there": {"DELETE", "/repos/acme/app", ""},
	} {
		server := githubtest.New(full())
		if got := request(server, o[0], o[1], o[2]); got.Code < 400 || len(server.Surprises()) != 1 {
			t.Errorf("%s: %d, surprises %v", sentence, got.Code, server.Surprises())
		}
	}
}

// Dependabot's pages have no numbers.
func TestPagesByCursor(t *testing.T) {
	t.Parallel()
	state := full()
	for i := range 5 {
		state.Dependabot.Open = append(state.Dependabot.Open, githubtest.Alert{Number: i + 10, Severity: "low", What: "x"})
	}
	got := request(githubtest.New(state), "GET", "/repos/acme/app/dependabot/alerts?per_page=4", "")
	if link := got.Header().Get("Link"); !strings.Contains(link, `after=2&per_page=4>; rel="next"`) || strings.Contains(link, "?page=") || strings.Contains(link, "&page=") {
		t.Errorf("Link %q", link)
	}
}

func TestASuccessRetiresTheDeploymentBefore(t *testing.T) {
	t.Parallel()
	server := githubtest.New(full())
	request(server, "POST", "/repos/acme/app/deployments", `{"ref": "main", "environment": "prod", "required_contexts": []}`)
	request(server, "POST", "/repos/acme/app/deployments/2/statuses", `{"state": "success"}`)
	server.Update(func(s *githubtest.State) {
		states := s.Deployments[0].Statuses
		if last := states[len(states)-1].State; last != "inactive" || len(s.Deployments[1].Statuses) != 1 {
			t.Errorf("the deployment before is %s, the new one has %d states", last, len(s.Deployments[1].Statuses))
		}
	})
}

func request(server http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// BenchmarkDescription is what a test pays once for GitHub's description.
func BenchmarkDescription(b *testing.B) {
	for b.Loop() {
		if _, err := githubtest.Unpack(); err != nil {
			b.Fatal(err)
		}
	}
}
