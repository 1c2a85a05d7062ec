package github_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

const repository, token = "acme/mailblast", "secret-token-of-the-job"

func TestMain(m *testing.M) {
	github.Hurry()
	os.Exit(m.Run())
}

// serve starts the stand-in with state and returns it beside a reader of it.
func serve(t *testing.T, state githubtest.State) (*githubtest.Server, *github.Repository) {
	t.Helper()
	state.Repository, state.Token = repository, token
	server := githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, s := range server.Surprises() {
			t.Errorf("asked for %s", s)
		}
	})
	return server, reader(t, url, token)
}

func reader(t *testing.T, url string, token release.Secret) *github.Repository {
	t.Helper()
	r, err := github.New(url, token, repository)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		sentence, url string
		token         release.Secret
		repository    string
		want          string
	}{
		{"an address that is none", "api.github.com", token, repository, `API address "api.github.com"`},
		{"a token in the clear", "http://github.example.com/api/v3", token, repository, "want https"},
		{"another protocol", "ftp://127.0.0.1", token, repository, "want an http or https URL"},
		{"half a repository", "https://api.github.com", token, "mailblast", "want owner/name"},
		{"a path", "https://api.github.com", token, "acme/mailblast/x", "want owner/name"},
		{"no token", "https://api.github.com", "", repository, "the token for acme/mailblast is missing"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			_, err := github.New(test.url, test.token, test.repository)
			if err == nil || !strings.Contains(err.Error(), test.want) || release.ExitStatus(err) != 2 || release.HintOf(err) == "" {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestWhatGoesWrong(t *testing.T) {
	run := githubtest.State{Runs: []githubtest.Run{{ID: 77, Commit: "c", Actor: "erin"}}}
	tests := []struct {
		sentence string
		limit    githubtest.Limit
		want     string // of the error; empty when it is overcome
		hint     string
	}{
		{"an outage that ends is overcome", githubtest.Limit{Status: 502, Times: 2}, "", ""},
		{"a short secondary limit is waited for", githubtest.Limit{Secondary: true, Wait: time.Second, Times: 1}, "", ""},
		{"so is one that says 429", githubtest.Limit{Secondary: true, Status: 429, Times: 1}, "", ""},
		{"a long secondary limit is not", githubtest.Limit{Secondary: true, Wait: time.Hour, Times: 1}, "secondary rate limit is reached", "wait some minutes"},
		{"so is a used-up limit that comes back soon", githubtest.Limit{Wait: time.Second, Times: 1}, "", ""},
		{"an internal error that ends is overcome", githubtest.Limit{Status: 500, Times: 1}, "", ""},
		{"a used-up limit is said", githubtest.Limit{Wait: time.Hour, Times: 1}, "rate limit is used up", "re-run the job after"},
		{"an outage that stays is said", githubtest.Limit{Status: 503, Times: 9}, "Service Unavailable", "githubstatus"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			server, r := serve(t, run)
			server.Limit(test.limit)
			got, err := r.Run(t.Context(), 77)
			if test.want == "" {
				if err != nil || got.ID != 77 {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || release.ExitStatus(err) != 3 || !strings.Contains(release.HintOf(err), test.hint) {
				t.Errorf("error %v with hint %q, want %q with %q", err, release.HintOf(err), test.want, test.hint)
			}
		})
	}
}

// A change is repeated only where it is known that nothing was changed.
func TestWhichChangesAreRepeated(t *testing.T) {
	for sentence, test := range map[string]struct {
		limit githubtest.Limit
		want  bool
	}{
		"a limit has changed nothing":    {githubtest.Limit{Secondary: true, Wait: time.Second, Times: 1}, true},
		"an outage may have changed all": {githubtest.Limit{Status: 502, Times: 1}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, r := serve(t, githubtest.State{Deployments: []githubtest.Deployment{{ID: 1, Environment: "production"}}})
			server.Limit(test.limit)
			err := r.Mark(t.Context(), 1, github.Status{State: "in_progress", Description: "10 %"})
			if (err == nil) != test.want {
				t.Errorf("error %v, requests %v", err, server.Requests())
			}
		})
	}
}

func TestABadTokenIsSaidAndNotShown(t *testing.T) {
	server := githubtest.New(githubtest.State{Repository: repository, Token: "another"})
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = reader(t, url, token).Environment(t.Context(), "production-qa")
	if err == nil || !strings.Contains(err.Error(), "Bad credentials") || strings.Contains(err.Error(), token) || !strings.Contains(release.HintOf(err), "github.token") {
		t.Errorf("error %v with hint %q", err, release.HintOf(err))
	}
}

func TestTheTokenStaysWithItsHost(t *testing.T) {
	var leaked string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`{"id": 77}`))
	}))
	t.Cleanup(other.Close)
	moved := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusMovedPermanently))
	t.Cleanup(moved.Close)
	if _, err := reader(t, moved.URL, token).Run(t.Context(), 77); err != nil {
		t.Fatal(err)
	}
	if leaked != "" {
		t.Errorf("another host was sent %q", leaked)
	}
}

func TestAnAnswerIsNotWaitedForForEver(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := reader(t, silent.URL, token).Run(ctx, 77); release.ExitStatus(err) != 3 {
		t.Errorf("error %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	state := githubtest.State{Environments: []githubtest.Environment{
		{Name: "production"},
		{Name: "prod/eu-qa", Users: []string{"alice", "bob"}, Teams: []string{"testers"}, PreventSelfReview: true, AdminsMayBypass: true, BranchPolicy: "protected"},
		{Name: "held", WaitMinutes: 5},
		{Name: "empty", Reviewed: true},
	}}
	_, r := serve(t, state)
	tests := []struct {
		sentence string
		name     string
		want     signoff.Environment
	}{
		{"one that GitHub made up has nothing", "production", signoff.Environment{Name: "production"}},
		{"a name may hold a slash; a branch policy holds nobody", "prod/eu-qa", signoff.Environment{
			Name: "prod/eu-qa", Reviewed: true, Users: []string{"alice", "bob"}, Teams: []string{"testers"}, SelfReviewPrevented: true, BypassAllowed: true,
		}},
		{"a wait timer is in minutes", "held", signoff.Environment{Name: "held", Wait: 5 * time.Minute}},
		{"a rule without reviewers is a rule", "empty", signoff.Environment{Name: "empty", Reviewed: true}},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			got, err := r.Environment(t.Context(), test.name)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, test.want)
		})
	}
}

func TestAnEnvironmentThatIsNotThere(t *testing.T) {
	_, r := serve(t, githubtest.State{})
	if _, err := r.Environment(t.Context(), "prodution"); err != signoff.ErrNoEnvironment {
		t.Errorf("error %v, want that there is none", err)
	}
	unseen := githubtest.New(githubtest.State{Repository: "somebody/else", Token: token})
	url, err := unseen.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = reader(t, url, token).Environment(t.Context(), "production")
	if err == nil || err == signoff.ErrNoEnvironment || release.ExitStatus(err) != 3 {
		t.Errorf("error %v, want that the repository cannot be read", err)
	}
}

func TestUnknownRulesAndReviewers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name": "production", "protection_rules": [
			{"type": "datadog"},
			{"type": "required_reviewers", "reviewers": [{"type": "Robot", "reviewer": {"id": 1}}, {"type": null, "reviewer": null}]}
		]}`))
	}))
	t.Cleanup(server.Close)
	got, err := reader(t, server.URL, token).Environment(t.Context(), "production")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, signoff.Environment{Name: "production", Reviewed: true, BypassAllowed: true, Others: []string{"the rule datadog"}})
}
