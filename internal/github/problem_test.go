package github_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestAMissingPermissionIsNamed(t *testing.T) {
	for sentence, test := range map[string]struct {
		ask  func(*github.Repository) error
		want string
	}{
		"one that a job can have": {func(r *github.Repository) error { _, err := r.Checks(t.Context(), "c"); return err }, "give the job permissions: checks: read"},
		"one that no job can have": {func(r *github.Repository) error { _, err := r.SecretAlerts(t.Context()); return err },
			"secret-scanning-alerts: read: a workflow's own token cannot have it"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, r := serve(t, githubtest.State{Permissions: map[string]string{"contents": "read"}})
			if err := test.ask(r); release.ExitStatus(err) != 3 || !strings.Contains(release.HintOf(err), test.want) {
				t.Errorf("error %v with hint %q", err, release.HintOf(err))
			}
		})
	}
}

// What is not there is not taken for what must not be seen.
func TestAWrongBranchIsNoMissingPermission(t *testing.T) {
	t.Parallel()
	_, r := serve(t, history())
	_, standing := r.Standing(t.Context(), "mian", release.Commit(sha("c")))
	_, unpushed := r.Standing(t.Context(), "main", release.Commit(sha("f")))
	_, required := r.Required(t.Context(), "mian")
	for want, err := range map[string]error{"has no branch mian, or no commit": standing, "or no commit " + sha("f")[:7]: unpushed, "has no branch mian": required} {
		if err == nil || release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), want) || !strings.Contains(release.HintOf(err), "correct preflight.branch") {
			t.Errorf("error %v with hint %q, want %q", err, release.HintOf(err), want)
		}
	}
}
