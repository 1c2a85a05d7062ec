package workflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The root action is the chain in one job: its steps use the actions of this
// repository with inputs that they have, read outputs that they give, and take
// the way back exactly when something has failed.
func TestTheRootActionIsTheChain(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Outputs map[string]struct{ Value string }
		Runs    struct{ Steps []step }
	}
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, s := range whole.Runs.Steps {
		name, ours := s.own()
		if !ours || s.ID != name {
			t.Errorf("step %q uses %q: want the action of its name", s.ID, s.Uses)
			continue
		}
		order = append(order, name)
		known := action(t, name)
		for input := range s.With {
			if _, ok := known.Inputs[input]; !ok {
				t.Errorf("%s has no input %s", name, input)
			}
		}
		if way := strings.Contains(s.If, "failure()"); way != (name == "rollback") {
			t.Errorf("%s runs if %q", name, s.If)
		}
	}
	if with := whole.Runs.Steps[0].With; with["environment"] != "" || with["sign-off-roles"] != "[]" {
		t.Errorf("preflight has %v: want nobody to be asked, since there is no environment to ask in", with)
	}
	last := whole.Runs.Steps[len(whole.Runs.Steps)-1].With["release"]
	for _, name := range []string{"preflight", "build", "migrate", "smoke", "shift", "rollback"} { // which add to the record
		if text := "steps." + name + ".outputs.release"; !strings.Contains(last, text) || !strings.Contains(whole.Outputs["release"].Value, text) {
			t.Errorf("the release or the record lacks what %s adds", name)
		}
	}
	if got, want := strings.Join(order, " "), "preflight build migrate deploy-green smoke shift rollback finalize record"; got != want {
		t.Errorf("the steps are %s: want %s", got, want)
	}
}
