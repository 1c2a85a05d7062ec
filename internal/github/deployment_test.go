package github_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestDeployments(t *testing.T) {
	noon := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	state := history()
	state.Deployments = []githubtest.Deployment{
		{ID: 1, Environment: "production", Commit: sha("b"), Statuses: []githubtest.DeploymentStatus{{State: "success", At: noon}}},
		{ID: 2, Environment: "production", Commit: sha("c")},
		{ID: 3, Environment: "production", Commit: sha("c"), Statuses: []githubtest.DeploymentStatus{{State: "queued", At: noon}, {State: "success", At: noon.Add(time.Hour)}}},
		{ID: 4, Environment: "staging", Commit: sha("c")},
	}
	_, r := serve(t, state)
	got, err := r.Deployments(t.Context(), "production", release.Commit(sha("c")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, []github.Deployment{
		{ID: 3, Task: "deploy", Statuses: []github.Status{{State: "success", At: noon.Add(time.Hour)}, {State: "queued", At: noon}}},
		{ID: 2, Task: "deploy", Statuses: []github.Status{}},
	})
	if got[0].State() != "success" || got[1].State() != "" {
		t.Errorf("states %q and %q", got[0].State(), got[1].State())
	}
}

func TestADeploymentIsAnnounced(t *testing.T) {
	state := history()
	state.Deployments = []githubtest.Deployment{{ID: 1, Environment: "production", Commit: sha("b"), Statuses: []githubtest.DeploymentStatus{{State: "success"}}}}
	server, r := serve(t, state)
	id, err := r.Announce(t.Context(), "production", release.Commit(sha("c")), "acme-mailblast-77", "v1.2.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []github.Status{
		{State: "in_progress", Description: strings.Repeat("ä", 300), Log: "https://github.com/acme/mailblast/actions/runs/77"},
		{State: "success", Description: "all of the traffic", URL: "https://mailblast.example.com"},
	} {
		if err := r.Mark(t.Context(), id, s); err != nil {
			t.Fatal(err)
		}
	}
	server.Update(func(s *githubtest.State) {
		before, own := s.Deployments[0].Statuses, s.Deployments[1]
		if len(before) != 1 || len([]rune(own.Statuses[0].Description)) != 140 {
			t.Errorf("%+v", s.Deployments)
		}
	})
	got, err := r.Releases(t.Context(), "production")
	if err != nil || len(got) != 1 || got[0].Release != "acme-mailblast-77" || got[0].State() != "success" || got[0].Statuses[0].URL != "https://mailblast.example.com" {
		t.Errorf("%+v, %v: want the release, and not what a job has made", got, err)
	}
}

// Releases that came to nothing do not hide the one that is live.
func TestTheReleaseBeforeIsFoundBehindFailures(t *testing.T) {
	state := history()
	for id := range int64(12) {
		one := githubtest.Deployment{ID: id + 1, Task: "bluegreen", Environment: "production", Commit: sha("b"), Statuses: []githubtest.DeploymentStatus{{State: "failure"}}}
		if id == 1 || id == 0 || id == 11 {
			one.Statuses[0].State = "success"
		}
		state.Deployments = append(state.Deployments, one)
	}
	_, r := serve(t, state)
	got, err := r.Releases(t.Context(), "production")
	if err != nil || len(got) < 11 || got[0].ID != 12 || got[10].ID != 2 || got[10].State() != "success" {
		t.Errorf("%+v, %v: want the newest first, down to deployment 2", got, err)
	}
}
