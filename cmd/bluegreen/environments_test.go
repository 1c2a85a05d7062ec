package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
)

const whoSigns = `sign-off:
  roles:
    - {role: qa, before: shift, reviewers: [alice, team/testers]}
    - {role: product, before: finalize}
`

// hub is a repository whose environments are half set up, and how to call the
// command for it.
func hub(t *testing.T, change func(*githubtest.State)) (*githubtest.Server, func(args ...string) (string, int)) {
	t.Helper()
	state := githubtest.State{
		Repository: "acme/app", Token: "t0ken", Branches: map[string]string{"main": strings.Repeat("c", 40)},
		Users: []string{"alice", "bob", "mia"}, Teams: []string{"testers"},
		Environments: []githubtest.Environment{
			{Name: "production", Users: []string{"bob"}, WaitMinutes: 5, AdminsMayBypass: true, BranchPolicy: "custom", Branches: []string{"main", "*"}, Variables: map[string]string{"A": "1"}},
			{Name: "production-product", Users: []string{"mia"}, AdminsMayBypass: true},
		},
	}
	if change != nil {
		change(&state)
	}
	server := githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bluegreen.yml"), []byte(whoSigns), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"GITHUB_API_URL": url, "GH_TOKEN": "t0ken", "INPUT_TOKEN": "the job's t0ken, which may not", "GITHUB_REPOSITORY": "acme/app"}
	return server, func(args ...string) (string, int) {
		var out bytes.Buffer
		args = append([]string{"environments", "--working-directory", dir, "--config", "bluegreen.yml", "--report", filepath.Join(dir, "report")}, args...)
		status := command{args: args, getenv: func(name string) string { return env[name] }, stdout: &out, stderr: &out}.main(t.Context())
		if text := out.String(); strings.Contains(text, "t0ken") {
			t.Errorf("the token is shown: %s", text)
		}
		return out.String(), status
	}
}

var everyWish = []string{"--branches", "main", "--tags", "v*", "--variables", "a=2\nB=3"}

func TestEnvironmentsAreSetUpOnce(t *testing.T) {
	t.Parallel()
	server, run := hub(t, nil)
	plan, status := run(everyWish...)
	for _, want := range []string{
		"environments: 1", "required reviewers: nobody, not bob", "wait timer: 0s, not 5m0s", `variable A: "2"`, `variable B: "3"`,
		"required reviewers: alice team/testers, not nobody", "create it", "bypass by administrators: prevented, not allowed", "self-review: prevented, not allowed",
		"--apply",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan lacks %q:\n%s", want, plan)
		}
	}
	if i := slices.IndexFunc(server.Requests(), func(r string) bool { return !strings.HasPrefix(r, "GET ") }); status != 0 || i >= 0 {
		t.Fatalf("the plan ended with %d and sent %v", status, server.Requests())
	}
	if text, status := run(append(everyWish, "--apply", "--dry-run")...); status != 0 || !strings.Contains(text, "nothing was changed") {
		t.Errorf("a dry run: %d %s", status, text)
	}
	if text, status := run(append(everyWish, "--apply")...); status != 0 || !strings.Contains(text, "changes were made") {
		t.Fatalf("%d %s", status, text)
	}
	server.Update(func(s *githubtest.State) {
		prod, product, qa := s.Environments[0], s.Environments[1], s.Environments[2]
		if len(prod.Users) > 0 || prod.WaitMinutes > 0 || !slices.Equal(prod.Branches, []string{"main"}) || !slices.Equal(prod.Tags, []string{"v*"}) || prod.Variables["A"] != "2" || prod.Variables["B"] != "3" {
			t.Errorf("%+v", prod)
		}
		if !slices.Equal(qa.Users, []string{"alice"}) || !slices.Equal(qa.Teams, []string{"testers"}) || qa.AdminsMayBypass || !qa.PreventSelfReview {
			t.Errorf("%+v", qa)
		}
		if !slices.Equal(product.Users, []string{"mia"}) || product.AdminsMayBypass || !product.PreventSelfReview {
			t.Errorf("%+v", product)
		}
	})
	before := len(server.Requests())
	text, status := run(append(everyWish, "--apply")...)
	if i := slices.IndexFunc(server.Requests()[before:], func(r string) bool { return !strings.HasPrefix(r, "GET ") }); status != 0 || i >= 0 || !strings.Contains(text, "all 3 are as they should be") {
		t.Errorf("the second time: %d %s, sent %v", status, text, server.Requests()[before:])
	}
	if surprises := server.Surprises(); len(surprises) > 0 {
		t.Error(surprises)
	}
}

// The configuration in the how-to is taken as it is.
func TestTheExampleForGitHubWorks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/github.md")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bluegreen.yml")
	if err := os.WriteFile(file, []byte(yamlBlock.FindStringSubmatch(string(text))[2]), 0o600); err != nil {
		t.Fatal(err)
	}
	_, run := hub(t, nil)
	if said, status := run("--config", file); status != 0 || !strings.Contains(said, "required reviewers: alice team/testers, not nobody") {
		t.Errorf("status %d: %s", status, said)
	}
}

// Who is not there is known before anything is changed.
func TestEnvironmentsLookUpEverybodyFirst(t *testing.T) {
	t.Parallel()
	server, run := hub(t, func(s *githubtest.State) { s.Teams = nil })
	if text, status := run(append(everyWish, "--apply")...); status != 1 || !strings.Contains(text, "there is no team testers of acme that this token can see") {
		t.Fatalf("%d %s", status, text)
	}
	if i := slices.IndexFunc(server.Requests(), func(r string) bool { return !strings.HasPrefix(r, "GET ") }); i >= 0 {
		t.Errorf("sent %v", server.Requests())
	}
}

// A change that was cut off is gone on with. The target asks as before until the
// roles are asked.
func TestEnvironmentsGoOnAfterAFailure(t *testing.T) {
	t.Parallel()
	server, run := hub(t, func(s *githubtest.State) { s.Poor = true })
	if text, status := run(append(everyWish, "--apply")...); status != 3 {
		t.Fatalf("%d %s", status, text)
	}
	server.Update(func(s *githubtest.State) {
		if prod := s.Environments[0]; !slices.Equal(prod.Users, []string{"bob"}) || prod.WaitMinutes != 5 {
			t.Errorf("%+v", prod)
		}
		s.Poor = false
	})
	if text, status := run(append(everyWish, "--apply")...); status != 0 {
		t.Fatalf("%d %s", status, text)
	}
}

func TestWhatEnvironmentsRefuse(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		change func(*githubtest.State)
		args   []string
		status int
		want   []string
	}{
		"a role that nobody signs": {func(s *githubtest.State) { s.Environments = s.Environments[:1] }, []string{"--apply"}, 2,
			[]string{"role product: nobody is named", "sign-off.roles[].reviewers"}},
		"the token of a workflow": {func(s *githubtest.State) { s.Permissions = map[string]string{"actions": "read", "members": "read"} }, []string{"--apply"}, 3,
			[]string{"a workflow's own token cannot have it", "administration: write"}},
		"a plan without reviewers":        {func(s *githubtest.State) { s.Poor = true }, []string{"--apply"}, 3, []string{"ensure the billing plan supports"}},
		"a variable that GitHub reserves": {nil, []string{"--variables", "GITHUB_TOKEN=x"}, 2, []string{"want NAME=value"}},
		"a variable without a value":      {nil, []string{"--variables", "PASSWORD"}, 2, []string{"want NAME=value"}},
		"a bad token":                     {func(s *githubtest.State) { s.Token = "other" }, nil, 3, []string{"Bad credentials"}},
		"a repository that is not there":  {nil, []string{"--repository", "acme/other"}, 3, []string{"Not Found"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, run := hub(t, test.change)
			text, status := run(test.args...)
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
			if status != test.status || len(server.Surprises()) > 0 {
				t.Errorf("status %d, want %d; surprises %v", status, test.status, server.Surprises())
			}
		})
	}
}
