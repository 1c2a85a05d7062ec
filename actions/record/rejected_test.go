package record_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A lead who rejects has a row on the form as one who approves.
func TestWhoRejectsIsNamed(t *testing.T) {
	t.Parallel()
	server := githubtest.New(githubtest.State{
		Repository: "acme/shop", Commits: []githubtest.Commit{{SHA: commit}},
		Environments: []githubtest.Environment{{Name: "staging-qa", Users: []string{"alice"}}},
		Runs:         []githubtest.Run{{ID: 7, Commit: commit, Actor: "erin"}},
		Approvals:    []githubtest.Approval{{Run: 7, Environment: "staging-qa", State: "rejected", User: "alice", Comment: "the cart is empty\nconfirm 6.2.18: no mail"}},
	})
	address, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	imaged := pinned
	imaged.Images = map[string]release.Digest{"web": release.Digest("sha256:" + strings.Repeat("a", 64))}
	text, err := imaged.Encode()
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, "GITHUB_API_URL", address, "INPUT_TOKEN", "a-token", "INPUT_ENVIRONMENT", "staging", "INPUT_RELEASE", text, "INPUT_SIGN-OFF-ROLES", "[{role: qa, before: shift}]")
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	page := j.read(t, "bluegreen-report/checklist.md")
	for _, want := range []string{"| QA Lead | alice |", "☑ Rejected", "alice (qa): the cart is empty"} {
		if !strings.Contains(page, want) {
			t.Errorf("the record has no %q", want)
		}
	}
	if strings.Contains(page, "| 6.2.18 | SES credentials valid | signed off |") || j.outputs(t)["status"] != "REJECTED" || len(server.Surprises()) > 0 {
		t.Errorf("outputs %v, surprises %q", j.outputs(t), server.Surprises())
	}
}

func TestNobodyIsMissedWhereNobodyIsAsked(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"sign-off: {roles: []}": "nobody is asked to sign off: sign-off.roles is empty",
		"sign-off: {}":          "without approval of the QA Lead, the Development Lead, the DevOps Lead, the Product Owner",
	} {
		j := newJob(t).write(t, ".github/bluegreen.yml", config)
		if status := j.run(t); status != 0 {
			t.Fatal(status, j.stdout.String())
		}
		if summary := j.read(t, "summary"); !strings.Contains(summary, want) || strings.Contains(summary, "without approval") != strings.Contains(want, "without approval") {
			t.Errorf("%s: want %q in %s", config, want, summary[:min(len(summary), 2000)])
		}
	}
}
