package record_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// decided is the record of a run in which alice decided as QA.
func decided(t *testing.T, state, comment string) (*job, *githubtest.Server) {
	t.Helper()
	server := githubtest.New(githubtest.State{
		Repository: "acme/shop", Commits: []githubtest.Commit{{SHA: commit}},
		Environments: []githubtest.Environment{{Name: "staging-qa", Users: []string{"alice"}}},
		Runs:         []githubtest.Run{{ID: 7, Commit: commit, Actor: "erin"}},
		Approvals:    []githubtest.Approval{{Run: 7, Environment: "staging-qa", State: state, User: "alice", Comment: comment}},
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
	return newJob(t, "GITHUB_API_URL", address, "INPUT_TOKEN", "a-token", "INPUT_ENVIRONMENT", "staging", "INPUT_RELEASE", text, "INPUT_SIGN-OFF-ROLES", "[{role: qa, before: shift}]"), server
}

// A lead who rejects has a row on the form as one who approves, without a date: GitHub
// keeps none.
func TestWhoRejectsIsNamed(t *testing.T) {
	t.Parallel()
	j, server := decided(t, "rejected", "the cart is empty\nconfirm 6.2.18: no mail")
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	page := j.read(t, "bluegreen-report/checklist.md")
	for _, want := range []string{"| QA Lead | alice | GitHub environment approval |  | ☐ Approved / ☑ Rejected |", "alice (qa): the cart is empty"} {
		if !strings.Contains(page, want) {
			t.Errorf("the record has no %q", want)
		}
	}
	if strings.Contains(page, "| 6.2.18 | SES credentials valid | signed off |") || j.outputs(t)["status"] != "REJECTED" || len(server.Surprises()) > 0 {
		t.Errorf("outputs %v, surprises %q", j.outputs(t), server.Surprises())
	}
}

// The form has the time at which the sign-off wrote the approval down, whenever the
// record is made, and says of what was shown later that nobody can have seen it.
func TestASignOffHasItsTime(t *testing.T) {
	t.Parallel()
	const row = "| QA Lead | alice | GitHub environment approval | 2026-10-01 09:00 UTC | ☑ Approved / ☐ Rejected |"
	j, server := decided(t, "approved", "confirm 6.2.18: sent a mail")
	record := func() string {
		t.Helper()
		j.variables["INPUT_EVIDENCE"] = `[{"id":"A.3.1","status":"passed","observed":"scanned","at":"2026-10-01T08:00:00Z"},
			{"id":"A.2.4","status":"passed","observed":"fast","at":"2026-10-01T10:00:00Z"}]`
		if status := j.run(t); status != 0 {
			t.Fatal(status, j.stdout.String())
		}
		return j.read(t, "bluegreen-report/checklist.md")
	}
	if page := record(); !strings.Contains(page, "| GitHub environment approval |  | ☑ Approved") || strings.Contains(page, "after the sign-off") {
		t.Errorf("an approval that was not written down has a time: %s", page)
	}
	signOff(t, j, server)
	page := record()
	for _, want := range []string{row, "beside it A.2.4: passed (shown after the sign-off)", "beside it A.3.1: passed;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the record has no %q: %s", want, page)
		}
	}
	var document struct{ Items []struct{ ID, At string } }
	if err := json.Unmarshal([]byte(j.read(t, "bluegreen-report/checklist.json")), &document); err != nil {
		t.Fatal(err)
	}
	for _, item := range document.Items {
		if slices.Contains([]string{"7.2.t1", "7.1.3", "6.2.18"}, item.ID) && item.At != "2026-10-01T09:00:00Z" {
			t.Errorf("%s was signed off at %q", item.ID, item.At)
		}
	}
}

// signOff confirms the approval as the job does that waited for it.
func signOff(t *testing.T, j *job, server *githubtest.Server) {
	t.Helper()
	source, err := github.New(j.variables["GITHUB_API_URL"], "a-token", "acme/shop")
	if err != nil {
		t.Fatal(err)
	}
	var r release.Record
	if err := r.UnmarshalText([]byte(j.variables["INPUT_RELEASE"])); err != nil {
		t.Fatal(err)
	}
	got, err := signoff.Settings{}.Confirm(t.Context(), source, signoff.Request{Target: "staging", Role: "qa", Run: 7, Release: r}, new(release.Findings))
	if err := errors.Join(err, got.Bind(t.Context(), source)); err != nil || len(server.Surprises()) > 0 {
		t.Fatal(err, server.Surprises())
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
