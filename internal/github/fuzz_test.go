package github_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github"
)

// FuzzAnswers holds to this: whatever is answered in place of GitHub's JSON, every
// question ends, with an error or with something that was there.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`null`, `[]`, `{}`, `[null]`, `{"check_runs":[null]}`, `{"check_runs":[{"name":null,"details_url":"https://x/actions/runs/99999999999999999999/job/1"}]}`,
		`{"protection_rules":[{"type":"required_reviewers","reviewers":[{"type":null,"reviewer":null}]}]}`, `[{"user":null,"environments":[null]}]`,
		`{"message":"x"}`, `[{"number":1,"user":null,"merged_at":"x"}]`, `"`,
	} {
		f.Add(seed)
	}
	var answer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	f.Cleanup(server.Close)
	r, err := github.New(server.URL, token, repository)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		answer = text
		ctx := t.Context()
		const commit = "1111111111111111111111111111111111111111"
		_, _ = r.Environment(ctx, "production")
		_, _ = r.Run(ctx, 1)
		_, _ = r.Standing(ctx, "main", commit)
		_, _ = r.Deployments(ctx, "production", commit)
		if all, err := r.Decisions(ctx, 1); err != nil && len(all) > 0 {
			t.Errorf("%q: %v beside %v", text, all, err)
		}
		if all, err := r.Checks(ctx, commit); err != nil && len(all) > 0 {
			t.Errorf("%q: %v beside %v", text, all, err)
		}
		if all, err := r.PullRequests(ctx, commit); err != nil && len(all) > 0 {
			t.Errorf("%q: %v beside %v", text, all, err)
		}
	})
}
