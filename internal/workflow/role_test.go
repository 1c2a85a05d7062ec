package workflow_test

import (
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

// Every job that may ask AWS gets the permission, nobody else does, and nothing but
// that changes.
func TestForRole(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"rollout":  "preflight migrate deploy-green smoke shift guard finalize rollback",
		"rollback": "rollback", "cleanup": "cleanup",
	} {
		text, err := os.ReadFile("../../.github/workflows/" + name + ".yml")
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []string{string(text), workflow.ForServer(string(text), "acme/bluegreen", "v1")} {
			after := workflow.ForRole(before)
			if workflow.ForRole(after) != after {
				t.Errorf("%s: a second time changes it again", name)
			}
			if strings.ReplaceAll(after, "      id-token: write # for a role of AWS\n", "") != before {
				t.Errorf("%s: something else has changed", name)
			}
			var file struct {
				Jobs map[string]struct{ Permissions map[string]string }
			}
			if err := yaml.Unmarshal([]byte(after), &file); err != nil {
				t.Fatal(err)
			}
			for job, has := range file.Jobs {
				if wanted := strings.Contains(" "+want+" ", " "+job+" "); (has.Permissions["id-token"] == "write") != wanted {
					t.Errorf("%s: job %s has %v", name, job, has.Permissions)
				}
			}
		}
	}
}
