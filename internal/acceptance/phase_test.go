package acceptance_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// phase is an action as a job of the workflow runs it.
type phase struct {
	script   string
	defaults map[string]string // by input
	inputs   map[string]string // input by variable
	secrets  []string          // that the job passes on
}

// metadata is what matters of an action.yml.
type metadata struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			Run string
			Env map[string]string
		}
	}
}

// workflow is what matters of rollout.yml.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Uses string
			Env  map[string]string
		}
	}
}

var expression = regexp.MustCompile(`^\$\{\{ (inputs|secrets)\.([A-Za-z0-9_-]+) \}\}$`)

func readPhases(root string) (map[string]phase, error) {
	paths, err := filepath.Glob(filepath.Join(root, "actions", "*", "action.yml"))
	all := map[string]phase{}
	for _, path := range paths {
		one, readErr := readPhase(path)
		err = errors.Join(err, readErr)
		all[filepath.Base(filepath.Dir(path))] = one
	}
	return all, errors.Join(err, readSecrets(root, all))
}

func readPhase(path string) (phase, error) {
	var m metadata
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &m)
	}
	if err != nil || len(m.Runs.Steps) != 1 {
		return phase{}, fmt.Errorf("%s: %d steps: %w", path, len(m.Runs.Steps), err)
	}
	p := phase{script: m.Runs.Steps[0].Run + "\n", defaults: map[string]string{}, inputs: map[string]string{}}
	for name, input := range m.Inputs {
		p.defaults[name] = input.Default
	}
	for variable, text := range m.Runs.Steps[0].Env {
		found := expression.FindStringSubmatch(text)
		if found == nil || found[1] != "inputs" {
			return phase{}, fmt.Errorf("%s: %s is %q", path, variable, text)
		}
		p.inputs[variable] = found[2]
	}
	return p, nil
}

// readSecrets looks up which secrets the jobs pass to the actions.
func readSecrets(root string, phases map[string]phase) error {
	var w workflow
	text, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "rollout.yml"))
	if err == nil {
		err = yaml.Unmarshal(text, &w)
	}
	for _, job := range w.Jobs {
		for _, step := range job.Steps {
			_, name, ours := strings.Cut(step.Uses, "/actions/")
			p, known := phases[name]
			if !ours || !known {
				continue
			}
			for variable, text := range step.Env {
				if found := expression.FindStringSubmatch(text); found == nil || found[2] != variable {
					return fmt.Errorf("rollout.yml: %s of %s is %q", variable, name, text)
				}
				p.secrets = append(p.secrets, variable)
			}
			phases[name] = p
		}
	}
	return err
}

// environment is what the runner gives to the step for these inputs; an input
// that the action does not have is refused.
func (p phase) environment(with map[string]string) ([]string, error) {
	rest := maps.Clone(with)
	var all []string
	for variable, input := range p.inputs {
		value, given := rest[input]
		if !given {
			value = p.defaults[input]
		}
		delete(rest, input)
		all = append(all, variable+"="+value)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("the action has no such inputs: %v", rest)
	}
	return all, nil
}
