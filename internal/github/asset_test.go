package github_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var page = github.Asset{Name: "record.html", Type: "text/html", Content: "<p>fine"}

// What is there already is of an attempt before, of an upload that was cut off,
// or somebody else's.
func TestAttach(t *testing.T) {
	t.Parallel()
	tests := map[string][]githubtest.Asset{
		"to a release without files":       nil,
		"beside others":                    {{ID: 1, Name: "mailblast.tar.gz", Content: "x"}},
		"in place of an earlier one":       {{ID: 1, Name: "mailblast.tar.gz", Content: "x"}, {ID: 2, Name: page.Name, Content: "old"}},
		"in place of what was cut off":     {{ID: 2, Name: page.Name, State: "open"}},
		"behind a page of a hundred files": many(130),
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, r := serve(t, githubtest.State{Releases: []githubtest.Release{{ID: 9, Tag: "v1.2.0", Assets: before}}})
			for range 2 { // the second time is a job that was run again
				address, err := r.Attach(t.Context(), "v1.2.0", page)
				if err != nil || address != "https://github.com/acme/mailblast/releases/download/v1.2.0/record.html" {
					t.Fatal(address, err)
				}
			}
			server.Update(func(s *githubtest.State) {
				own, others := 0, 0
				for _, a := range s.Releases[0].Assets {
					if a.Name != page.Name {
						others++
					} else if own++; a.Content != page.Content {
						t.Errorf("the file is %q", a.Content)
					}
				}
				if own != 1 || others != len(strangers(before)) {
					t.Errorf("%d of ours and %d others", own, others)
				}
			})
		})
	}
}

func many(n int) []githubtest.Asset {
	var all []githubtest.Asset
	for i := range n {
		all = append(all, githubtest.Asset{ID: int64(100 + i), Name: strings.Repeat("x", i+1)})
	}
	return append(all, githubtest.Asset{ID: 1, Name: page.Name, Content: "old"})
}

func strangers(all []githubtest.Asset) []string {
	var names []string
	for _, a := range all {
		if a.Name != page.Name {
			names = append(names, a.Name)
		}
	}
	return names
}

func TestAttachNeedsARelease(t *testing.T) {
	t.Parallel()
	_, r := serve(t, githubtest.State{})
	_, err := r.Attach(t.Context(), "v9.9.9", page)
	if release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), `no GitHub release of the tag "v9.9.9"`) || release.HintOf(err) == "" {
		t.Error(err)
	}
}

func TestLinkDeployment(t *testing.T) {
	t.Parallel()
	server, r := serve(t, githubtest.State{Deployments: []githubtest.Deployment{
		{ID: 1, Environment: "production", Commit: "c1", Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
		{ID: 2, Environment: "production", Commit: "c1", Statuses: []githubtest.DeploymentStatus{{State: "in_progress"}, {State: "failure", URL: "https://shop.example.com"}}},
		{ID: 3, Environment: "staging", Commit: "c1", Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
		{ID: 4, Environment: "live", Commit: "c1", Task: "bluegreen", Payload: map[string]any{"release": "acme-shop-7"}, Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
		{ID: 5, Environment: "live", Commit: "c1", Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
	}})
	link := github.Link{Address: "https://github.com/acme/mailblast/releases/download/v1/record.html", Text: "Release record"}
	if err := r.LinkDeployment(t.Context(), "production", release.Record{Commit: "c1", ID: "acme-shop-7"}, link); err != nil {
		t.Fatal(err)
	}
	server.Update(func(s *githubtest.State) {
		last := s.Deployments[1].Statuses[len(s.Deployments[1].Statuses)-1]
		if last.State != "failure" || last.Log != link.Address || last.URL != "https://shop.example.com" || len(s.Deployments[0].Statuses)+len(s.Deployments[2].Statuses) != 2 {
			t.Errorf("%+v", s.Deployments)
		}
	})
	// The release's own is where people look, not that of the job that came last.
	if err := r.LinkDeployment(t.Context(), "live", release.Record{Commit: "c1", ID: "acme-shop-7"}, link); err != nil {
		t.Fatal(err)
	}
	server.Update(func(s *githubtest.State) {
		if own := s.Deployments[3].Statuses; len(own) != 2 || own[1].Log != link.Address || len(s.Deployments[4].Statuses) != 1 {
			t.Errorf("%+v", s.Deployments[3:])
		}
	})
	if err := r.LinkDeployment(t.Context(), "nowhere", release.Record{Commit: "c1"}, link); release.ExitStatus(err) != 1 {
		t.Error(err)
	}
}

// The token goes to GitHub's own host for files, and to no other.
func TestWhereAFileGoes(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		api, template string
		goes          bool
	}{
		"GitHub":                   {"api.github.com", "https://uploads.github.com/repos/a/b/releases/1/assets{?name,label}", true},
		"GitHub with data of ours": {"api.octocorp.ghe.com", "https://uploads.octocorp.ghe.com/repos/a/b/releases/1/assets{?name,label}", true},
		"a server of ours":         {"github.example.com", "https://github.example.com/api/uploads/repos/a/b/releases/1/assets{?name,label}", true},
		"another's tenant":         {"api.octocorp.ghe.com", "https://uploads.other.ghe.com/repos/a/b/releases/1/assets", false},
		"elsewhere":                {"api.github.com", "https://uploads.example.com/x", false},
		"a host beside a server":   {"github.example.com", "https://uploads.github.example.com/x", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got, err := github.UploadTarget(test.template, test.api, "a b.html")
			if (err == nil) != test.goes || test.goes && !strings.HasSuffix(got, "assets?name=a+b.html") {
				t.Errorf("%s: %v", got, err)
			}
		})
	}
}
