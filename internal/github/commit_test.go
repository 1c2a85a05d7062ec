package github_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func sha(c string) string { return strings.Repeat(c, 40) }

// history is: a - b - c on main, and d beside it, from a.
func history() githubtest.State {
	return githubtest.State{
		Branches: map[string]string{"main": sha("c"), "feature/x": sha("d")},
		Commits: []githubtest.Commit{
			{SHA: sha("a")}, {SHA: sha("b"), Parents: []string{sha("a")}}, {SHA: sha("c"), Parents: []string{sha("b")}},
			{SHA: sha("d"), Parents: []string{sha("a")}},
		},
	}
}

func TestStanding(t *testing.T) {
	_, r := serve(t, history())
	tests := []struct {
		sentence, branch, commit string
		want                     preflight.Standing
	}{
		{"the head of the default branch", "", sha("c"), preflight.Standing{Branch: "main", Status: "identical"}},
		{"a commit of it", "main", sha("a"), preflight.Standing{Branch: "main", Status: "behind", Behind: 2}},
		{"one beside it", "main", sha("d"), preflight.Standing{Branch: "main", Status: "diverged", Behind: 2}},
		{"a branch whose name has a slash", "feature/x", sha("a"), preflight.Standing{Branch: "feature/x", Status: "behind", Behind: 1}},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			got, err := r.Standing(t.Context(), test.branch, release.Commit(test.commit))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, test.want)
		})
	}
	if _, err := r.Standing(t.Context(), "main", release.Commit(sha("e"))); release.ExitStatus(err) != 3 {
		t.Errorf("an unknown commit: error %v", err)
	}
}

func TestPullRequests(t *testing.T) {
	state := history()
	long := githubtest.PullRequest{Number: 5, Author: "erin", Base: "main", Head: sha("d"), Merged: true, Commits: []string{sha("c")}}
	for i := range 130 {
		long.Reviews = append(long.Reviews, githubtest.Review{User: fmt.Sprint("reader-", i), State: "COMMENTED", Commit: sha("d")})
	}
	long.Reviews = append(long.Reviews, githubtest.Review{User: "bob", State: "APPROVED", Commit: sha("d")})
	state.PullRequests = []githubtest.PullRequest{{Number: 4, Author: "erin", Head: sha("c")}, long}
	_, r := serve(t, state)
	pulls, err := r.PullRequests(t.Context(), release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	if len(pulls) != 2 || pulls[0].Merged || pulls[0].Reviews != nil || len(pulls[1].Reviews) != 131 {
		t.Fatalf("%d pull requests: %+v", len(pulls), pulls)
	}
	same(t, pulls[1].Reviews[130], preflight.Review{By: "bob", State: "APPROVED", Commit: sha("d")})
	if _, err := r.PullRequests(t.Context(), release.Commit(sha("e"))); err == nil || !strings.Contains(err.Error(), "No commit found") {
		t.Errorf("an unknown commit: error %v", err)
	}
}

func TestChecks(t *testing.T) {
	state := history()
	state.CheckRuns = []githubtest.CheckRun{
		{Name: "unit", Commit: sha("c"), Status: "completed", Conclusion: "failure", Run: 70},
		{Name: "unit", Commit: sha("c"), Status: "completed", Conclusion: "success", Run: 70},
		{Name: "e2e", Commit: sha("c"), Status: "in_progress", Run: 77},
		{Name: "scan", Commit: sha("c"), Status: "completed", Conclusion: "neutral"},
		{Name: "unit", Commit: sha("b"), Status: "completed", Conclusion: "failure"},
	}
	_, r := serve(t, state)
	got, err := r.Checks(t.Context(), release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []preflight.Check{
		{Name: "unit", Done: true, Conclusion: "success", Run: 70}, {Name: "e2e", Run: 77}, {Name: "scan", Done: true, Conclusion: "neutral"},
	})
}

func TestApprovals(t *testing.T) {
	state := history()
	state.Runs = []githubtest.Run{{ID: 77, Attempt: 2, Commit: sha("c"), Actor: "erin", Trigger: "frank"}}
	state.Environments = []githubtest.Environment{{Name: "production-qa", Users: []string{"alice"}}}
	server, r := serve(t, state)
	if got, err := r.Decisions(t.Context(), 77); err != nil || len(got) != 0 {
		t.Errorf("%v, %v: want none yet", got, err)
	}
	run, err := r.Run(t.Context(), 77)
	if err != nil {
		t.Fatal(err)
	}
	same(t, run, signoff.Run{ID: 77, Attempt: 2, Commit: release.Commit(sha("c")), Actor: "erin", Trigger: "frank"})
	server.Approve(githubtest.Approval{Run: 77, Environment: "production-qa", State: "approved", User: "alice", Comment: "go"})
	server.Approve(githubtest.Approval{Run: 78, Environment: "production-qa", State: "rejected", User: "bob"})
	got, err := r.Decisions(t.Context(), 77)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []signoff.Decision{{Environment: "production-qa", State: "approved", By: "alice", Comment: "go"}})
	if _, err := r.Decisions(t.Context(), 79); release.ExitStatus(err) != 3 {
		t.Errorf("an unknown run: error %v", err)
	}
}

func TestASignOffFromEndToEnd(t *testing.T) {
	state := history()
	state.Runs = []githubtest.Run{{ID: 77, Commit: sha("c"), Actor: "erin"}}
	state.Environments = []githubtest.Environment{{Name: "production-qa", Users: []string{"alice"}}}
	server, r := serve(t, state)
	req := signoff.Request{Target: "production", Role: "qa", Run: 77, Release: release.Record{
		ID: "acme-mailblast-77", Version: "v1.2.0", Commit: release.Commit(sha("c")),
		Images: map[string]release.Digest{"backend": release.Digest("sha256:" + strings.Repeat("a", 64))},
	}}
	var findings release.Findings
	if _, err := (signoff.Settings{}).Confirm(t.Context(), r, req, &findings); release.ExitStatus(err) != 1 {
		t.Errorf("nobody approved, and the error is %v", err)
	}
	server.Approve(githubtest.Approval{Run: 77, Environment: "production-qa", State: "approved", User: "alice"})
	if _, err := (signoff.Settings{}).Confirm(t.Context(), r, req, &findings); err != nil {
		t.Error(err)
	}
}

func TestDeployments(t *testing.T) {
	noon := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	state := history()
	state.Deployments = []githubtest.Deployment{
		{ID: 1, Environment: "production", Commit: sha("b"), Statuses: []githubtest.DeploymentStatus{{State: "success", At: noon}}},
		{ID: 2, Environment: "production", Commit: sha("c")},
		{ID: 3, Environment: "production", Commit: sha("c"), Statuses: []githubtest.DeploymentStatus{{State: "waiting", At: noon}, {State: "success", At: noon.Add(time.Hour)}}},
		{ID: 4, Environment: "staging", Commit: sha("c")},
	}
	_, r := serve(t, state)
	got, err := r.Deployments(t.Context(), "production", release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []github.Deployment{{ID: 3, State: "success", At: noon.Add(time.Hour)}, {ID: 2}})
}
