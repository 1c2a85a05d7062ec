package github_test

import (
	"errors"
	"fmt"
	"slices"
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
	if _, err := r.Standing(t.Context(), "main", release.Commit(sha("e"))); release.ExitStatus(err) != 1 {
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
	for _, stranger := range []string{"NONE", "CONTRIBUTOR", "FIRST_TIMER"} { // whom GitHub lets review, too
		long.Reviews = append(long.Reviews, githubtest.Review{User: "mallory", State: "CHANGES_REQUESTED", Commit: sha("d"), Association: stranger})
	}
	state.PullRequests = []githubtest.PullRequest{{Number: 4, Author: "erin", Head: sha("c")}, long}
	_, r := serve(t, state)
	pulls, err := r.PullRequests(t.Context(), release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	if len(pulls) != 2 || pulls[0].Merged || pulls[0].Reviews != nil || len(pulls[1].Reviews) != 131 || pulls[1].Base != "main" {
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
	state.Statuses = []githubtest.CommitStatus{
		{Commit: sha("c"), Context: "ci/jenkins", State: "pending"}, {Commit: sha("c"), Context: "ci/slow", State: "pending"},
		{Commit: sha("c"), Context: "ci/jenkins", State: "success"},
	}
	state.Runs = []githubtest.Run{
		{ID: 70, Name: "CI", Commit: sha("c"), Status: "completed", Conclusion: "failure"},
		{ID: 68, Name: "CI", File: "nightly.yml", Commit: sha("c"), Status: "completed", Conclusion: "failure"},
		{ID: 71, Name: "CI", Commit: sha("c"), Status: "completed", Conclusion: "success"}, {ID: 72, Name: "CI", Commit: sha("b")}, {ID: 77, Commit: sha("c")},
	}
	_, r := serve(t, state)
	got, err := r.Checks(t.Context(), release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []preflight.Check{
		{Name: "unit", Done: true, Conclusion: "success", Run: 70, App: githubtest.Actions}, {Name: "e2e", Run: 77, App: githubtest.Actions}, {Name: "scan", Done: true, Conclusion: "neutral", App: githubtest.Actions},
		{Name: "ci/jenkins", Done: true, Conclusion: "success"}, {Name: "ci/slow", Conclusion: "pending"},
		{Name: "Release", Run: 77}, {Name: "CI", Done: true, Conclusion: "success", Run: 71},
		{Name: "CI", Done: true, Conclusion: "failure", Run: 68},
	})
}

func anybody(names ...string) (all []preflight.Requirement) {
	for _, name := range names {
		all = append(all, preflight.Requirement{Name: name})
	}
	return all
}

func TestWhatABranchRequires(t *testing.T) {
	state := history()
	_, r := serve(t, state)
	if got, err := r.Required(t.Context(), ""); err != nil || len(got) != 0 {
		t.Errorf("%v, %v: want none", got, err)
	}
	state.ProtectedChecks, state.RuledChecks = []string{"unit", "e2e"}, []string{"e2e", "perf"}
	_, r = serve(t, state)
	got, err := r.Required(t.Context(), "feature/x")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, anybody("e2e", "perf", "unit"))
	state.CheckApps = map[string]int64{"unit": githubtest.Actions, "perf": 99}
	_, r = serve(t, state)
	if got, err = r.Required(t.Context(), "feature/x"); err != nil {
		t.Fatal(err)
	}
	same(t, got, []preflight.Requirement{{Name: "e2e"}, {Name: "perf", App: 99}, {Name: "unit", App: githubtest.Actions}})
	state.ProtectedChecks, state.RuledChecks = nil, nil
	for i := range 130 { // more than a page
		state.RuledChecks = append(state.RuledChecks, fmt.Sprintf("check %03d", i))
	}
	_, r = serve(t, state)
	if got, err = r.Required(t.Context(), ""); err != nil || !slices.Equal(got, anybody(state.RuledChecks...)) {
		t.Errorf("%d checks of 130, %v", len(got), err)
	}
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
	confirm := func(digest string) error {
		req.Release.Images["backend"] = release.Digest("sha256:" + strings.Repeat(digest, 64))
		approval, err := signoff.Settings{}.Confirm(t.Context(), r, req, &findings)
		return errors.Join(err, approval.Bind(t.Context(), r))
	}
	if err := errors.Join(confirm("a"), confirm("a")); err != nil {
		t.Error(err)
	}
	if err := confirm("b"); err == nil || !strings.Contains(err.Error(), "was for images") {
		t.Errorf("other images: %v", err)
	}
	server.Approve(githubtest.Approval{Run: 77, Environment: "production-qa", State: "approved", User: "root"})
	if err := confirm("b"); err == nil || !strings.Contains(err.Error(), "approved by root") {
		t.Errorf("other images, and a bypass: %v", err)
	}
	server.Approve(githubtest.Approval{Run: 77, Environment: "production-qa", State: "approved", User: "alice"})
	if err := errors.Join(confirm("b"), confirm("a")); err != nil {
		t.Error(err)
	}
	server.Update(func(s *githubtest.State) { s.Permissions = map[string]string{"actions": "read", "deployments": "read"} })
	server.Approve(githubtest.Approval{Run: 77, Environment: "production-qa", State: "approved", User: "alice"})
	if err := confirm("c"); release.ExitStatus(err) != 3 || release.HintOf(err) != "give the job permissions: deployments: write" {
		t.Errorf("%v with hint %q", err, release.HintOf(err))
	}
}

// The deployment that GitHub made for the job keeps the address of its log, and
// another run's that waits in the same environment is left alone.
func TestANoteStandsOnTheDeploymentOfTheOwnRun(t *testing.T) {
	state := history()
	log := func(run int) string {
		return fmt.Sprintf("https://github.com/acme/mailblast/actions/runs/%d/job/1", run)
	}
	of := func(id int64, state, log string) githubtest.Deployment {
		return githubtest.Deployment{ID: id, Environment: "production-qa", Commit: sha("c"), Statuses: []githubtest.DeploymentStatus{{State: state, Log: log}}}
	}
	state.Deployments = []githubtest.Deployment{of(1, "in_progress", log(77)), of(2, "waiting", log(177)), of(3, "waiting", log(771))}
	server, r := serve(t, state)
	note := func(r *github.Repository) {
		t.Helper()
		if err := r.Note(t.Context(), "production-qa", release.Commit(sha("c")), "images"); err != nil {
			t.Fatal(err)
		}
	}
	note(r.For(77))
	notes, err := r.Notes(t.Context(), "production-qa", release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, notes, []signoff.Note{{Text: "images", At: time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)}})
	server.Update(func(s *githubtest.State) {
		own := s.Deployments[0].Statuses
		if len(s.Deployments) != 3 || len(own) != 2 || own[1].Log != log(77) || len(s.Deployments[1].Statuses)+len(s.Deployments[2].Statuses) != 2 {
			t.Errorf("%+v", s.Deployments)
		}
	})
	note(r.For(78)) // its job has no deployment
	note(r)
	server.Update(func(s *githubtest.State) {
		if len(s.Deployments) != 5 || s.Deployments[3].Task != "bluegreen:sign-off" || len(s.Deployments[2].Statuses) != 1 {
			t.Errorf("%+v", s.Deployments)
		}
	})
}
