package signoff_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/actions/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
)

const commit = "cccccccccccccccccccccccccccccccccccccccc"

// asked is a run in which alice has approved as QA, and how to run the action in it,
// for images of one digest.
func asked(t *testing.T, change func(*githubtest.State)) (*githubtest.Server, func(digest, attempt string, more ...string) (string, int)) {
	t.Helper()
	state := githubtest.State{
		Repository: "acme/shop", Token: "t0ken", Commits: []githubtest.Commit{{SHA: commit}},
		Environments: []githubtest.Environment{{Name: "production-qa", Users: []string{"alice"}, PreventSelfReview: true}},
		Runs:         []githubtest.Run{{ID: 7, Commit: commit, Actor: "erin"}},
		Approvals:    []githubtest.Approval{{Run: 7, Environment: "production-qa", State: "approved", User: "alice", Comment: "good"}},
		Permissions:  map[string]string{"contents": "read", "actions": "read", "deployments": "write"},
	}
	if change != nil {
		change(&state)
	}
	server := githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return server, func(digest, attempt string, more ...string) (string, int) {
		env := map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_API_URL": url, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": attempt, "GITHUB_SHA": commit,
			"INPUT_TOKEN": "t0ken", "INPUT_ENVIRONMENT": "production", "INPUT_ROLE": "qa", "INPUT_WORKING-DIRECTORY": t.TempDir(),
			"INPUT_RELEASE": `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue","commit":"` + commit + `","images":{"web":"sha256:` + strings.Repeat(digest, 64) + `"}}`,
		}
		for i := 0; i < len(more); i += 2 {
			env[more[i]] = more[i+1]
		}
		outputs := filepath.Join(t.TempDir(), "outputs")
		env["GITHUB_OUTPUT"] = outputs
		if err := os.WriteFile(outputs, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		status := signoff.Phase.Main(t.Context(), action.Process{Getenv: func(name string) string { return env[name] }, Stdout: &out, Stderr: &out})
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, "t0ken") && !strings.HasPrefix(line, "::add-mask::") {
				t.Errorf("the token is shown: %s", line)
			}
		}
		if surprises := server.Surprises(); len(surprises) > 0 {
			t.Error(surprises)
		}
		written, err := os.ReadFile(outputs)
		if err != nil {
			t.Fatal(err)
		}
		return out.String() + string(written), status
	}
}

func TestASignOff(t *testing.T) {
	t.Parallel()
	server, run := asked(t, nil)
	text, status := run("a", "1")
	for _, want := range []string{"alice approved v3 as QA Lead", "in every attempt, as long as the images are these", "smoke: every answer of the candidate", "](https://github.com/acme/shop/actions/runs/7)\n", "\nalice\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q: %s", want, text)
		}
	}
	if status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	if text, status := run("a", "2"); status != 0 {
		t.Errorf("the same images in a second attempt: %d %s", status, text)
	}
	if text, status := run("b", "3"); status != 1 || !strings.Contains(text, "was for images") {
		t.Errorf("other images in a third: %d %s", status, text)
	}
	server.Approve(githubtest.Approval{Run: 7, Environment: "production-qa", State: "approved", User: "root"})
	if text, status := run("b", "4"); status != 1 || !strings.Contains(text, "approved by root") {
		t.Errorf("a bypass brings it back: %d %s", status, text)
	}
	server.Approve(githubtest.Approval{Run: 7, Environment: "production-qa", State: "approved", User: "alice"})
	if text, status := run("b", "5"); status != 0 {
		t.Errorf("approved once more: %d %s", status, text)
	}
}

func TestASignOffThatIsNone(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		change func(*githubtest.State)
		more   []string
		status int
		want   string
	}{
		"GitHub has made the environment up":  {func(s *githubtest.State) { s.Environments[0] = githubtest.Environment{Name: "production-qa"} }, nil, 1, "asks nobody"},
		"the environment is gone":             {func(s *githubtest.State) { s.Environments = nil }, nil, 1, "bluegreen environments --apply"},
		"an administrator has bypassed it":    {func(s *githubtest.State) { s.Approvals[0].User = "root" }, nil, 1, "approved by root, who is not among its reviewers (alice): an administrator's bypass"},
		"whoever started the run":             {func(s *githubtest.State) { s.Approvals[0].User, s.Environments[0].Users = "erin", []string{"erin"} }, nil, 1, "who started the run"},
		"it cannot be written down":           {func(s *githubtest.State) { s.Permissions["deployments"] = "read" }, nil, 3, "deployments: write"},
		"what it was for cannot be read":      {func(s *githubtest.State) { delete(s.Permissions, "deployments") }, nil, 3, "deployments: read"},
		"GitHub says nothing of its approver": {func(s *githubtest.State) { delete(s.Permissions, "actions") }, nil, 3, "actions: read"},
		"the role is empty":                   {nil, []string{"INPUT_ROLE", ""}, 2, "input role is empty"},
		"the release is empty":                {nil, []string{"INPUT_RELEASE", ""}, 2, "release"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, run := asked(t, test.change)
			text, status := run("a", "1", test.more...)
			if status != test.status || !strings.Contains(text, test.want) {
				t.Errorf("%d %s; want %d %q", status, text, test.status, test.want)
			}
			server.Update(func(s *githubtest.State) {
				for _, d := range s.Deployments {
					for _, status := range d.Statuses {
						if !strings.HasSuffix(status.Description, " of run 7; not counted") {
							t.Errorf("it was written down: %+v", status)
						}
					}
				}
			})
		})
	}
}

func TestABypassThatCountsIsNamed(t *testing.T) {
	t.Parallel()
	_, run := asked(t, func(s *githubtest.State) { s.Approvals[0].User = "root" })
	if text, status := run("a", "1", "INPUT_SIGN-OFF-ALLOW-BYPASS", "true"); status != 0 || !strings.Contains(text, "root, who is not among its reviewers") {
		t.Errorf("%d %s", status, text)
	}
}

// Nobody is asked, and nothing is written, in a dry run.
func TestADryRun(t *testing.T) {
	t.Parallel()
	server, run := asked(t, nil)
	if text, status := run("a", "1", "INPUT_DRY-RUN", "true"); status != 0 || len(server.Requests()) > 0 {
		t.Errorf("%d %s %v", status, text, server.Requests())
	}
}
