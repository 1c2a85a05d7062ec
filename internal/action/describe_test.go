package action_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGoldenDescriptions(t *testing.T) {
	t.Parallel()
	help := newWorld(t).run(t, phase(nothing), "--help")
	if help.status != 0 {
		t.Errorf("exit status %d", help.status)
	}
	for path, got := range map[string]string{
		"testdata/action.yml":  phase(nothing).ActionYAML(),
		"testdata/document.md": phase(nothing).Document(),
		"testdata/help.txt":    help.stdout.String(),
	} {
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
			t.Errorf("%v: %s differs; run the test with -update and read the change: %s", err, path, diff)
		}
	}
}

// metadata is an action.yml as GitHub reads it.
type metadata struct {
	Inputs map[string]struct {
		Description, Default string
		Required             bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            yaml.Node
		}
	}
}

func TestEveryInputReachesTheProgramOnce(t *testing.T) {
	t.Parallel()
	p := phase(nothing, "registry", "shift")
	var m metadata
	if err := yaml.Unmarshal([]byte(p.ActionYAML()), &m); err != nil {
		t.Fatal(err)
	}
	if m.Runs.Using != "composite" || len(m.Runs.Steps) != 1 || m.Runs.Steps[0].ID != "run" || m.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("runs %+v", m.Runs)
	}
	step := m.Runs.Steps[0]
	if !strings.HasPrefix(step.Run, "exec ") || strings.Contains(step.Run, "${{") || strings.Contains(step.Run, "\n") {
		t.Errorf("the step runs %q", step.Run)
	}
	env := map[string]string{}
	for i := 0; i < len(step.Env.Content); i += 2 {
		if name := step.Env.Content[i].Value; env[name] != "" {
			t.Errorf("%s is there twice", name)
		}
		env[step.Env.Content[i].Value] = step.Env.Content[i+1].Value
	}
	for name, input := range m.Inputs {
		variable := "INPUT_" + strings.ToUpper(name)
		if env[variable] != "${{ inputs."+name+" }}" || input.Description == "" {
			t.Errorf("input %s: %s is %q", name, variable, env[variable])
		}
		if strings.HasPrefix(name, "shift-") && input.Default != "" {
			t.Errorf("input %s has the default %q, which would win over the file", name, input.Default)
		}
	}
	if len(env) != len(m.Inputs) || len(env) != len(p.Inputs) || len(env) < 20 {
		t.Errorf("%d variables for %d inputs of %d", len(env), len(m.Inputs), len(p.Inputs))
	}
	for name, output := range m.Outputs {
		if output.Value != "${{ steps.run.outputs."+name+" }}" || output.Description == "" {
			t.Errorf("output %s is %+v", name, output)
		}
	}
	if len(m.Outputs) != len(every) {
		t.Errorf("%d outputs", len(m.Outputs))
	}
}

func TestThePageNamesEveryInput(t *testing.T) {
	t.Parallel()
	p := phase(nothing, "registry", "shift")
	page := p.Document()
	for _, f := range append(p.Inputs, p.Outputs...) {
		if !strings.Contains(page, "`"+f.Name+"`") {
			t.Errorf("%s is missing in\n%s", f.Name, page)
		}
	}
}
