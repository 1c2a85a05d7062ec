package workflow_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

func TestThirdPartiesArePinnedByCommit(t *testing.T) {
	for _, f := range workflows(t) {
		f.steps(func(name string, _ job, s step) {
			if _, own := s.own(); s.Uses == "" || own {
				return
			}
			if !pinned.MatchString(s.Uses) {
				t.Errorf("%s: job %s uses %s: want a commit of 40 digits", f.path, name, s.Uses)
			}
			if !regexp.MustCompile(regexp.QuoteMeta(s.Uses) + ` # v[0-9]`).MatchString(f.text) {
				t.Errorf("%s: job %s uses %s without saying which version that is", f.path, name, s.Uses)
			}
		})
		for name, j := range f.Jobs {
			if j.Uses != "" && !strings.HasPrefix(j.Uses, "bluegreen-actions/bluegreen/") {
				t.Errorf("%s: job %s calls %s", f.path, name, j.Uses)
			}
		}
	}
}

func TestOneCommitPerAction(t *testing.T) {
	versions := map[string]string{}
	for _, f := range workflows(t) {
		f.steps(func(_ string, _ job, s step) {
			name, commit, _ := strings.Cut(s.Uses, "@")
			if before, seen := versions[name]; commit != "" && seen && before != commit {
				t.Errorf("%s uses %s at %s, elsewhere at %s", f.path, name, commit, before)
			}
			versions[name] = commit
		})
	}
}

func TestScriptsHaveNoExpressions(t *testing.T) {
	for _, f := range workflows(t) {
		f.steps(func(name string, _ job, s step) {
			if strings.Contains(s.Run, "${{") {
				t.Errorf("%s: job %s: an expression in a script: pass it in env:\n%s", f.path, name, s.Run)
			}
		})
	}
}

func TestRightsAreGivenPerJob(t *testing.T) {
	for _, f := range workflows(t) {
		if f.Permissions == nil || len(*f.Permissions) != 0 {
			t.Errorf("%s: permissions at the top: want {}", f.path)
		}
		for name, j := range f.Jobs {
			if j.Permissions == nil || len(*j.Permissions) == 0 {
				t.Errorf("%s: job %s has no permissions of its own", f.path, name)
			}
			if j.Uses == "" && j.Timeout == 0 {
				t.Errorf("%s: job %s has no timeout", f.path, name)
			}
			if j.ContinueOnError != "" {
				t.Errorf("%s: job %s goes on after an error", f.path, name)
			}
		}
	}
}

func TestCheckoutsKeepNoCredentials(t *testing.T) {
	for _, f := range workflows(t) {
		f.steps(func(name string, _ job, s step) {
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
				t.Errorf("%s: job %s keeps the token in the checkout", f.path, name)
			}
			if _, own := s.own(); own && s.ContinueOnError {
				t.Errorf("%s: job %s goes on after %s failed", f.path, name, s.Uses)
			}
		})
	}
}

func TestSecretsAreNamed(t *testing.T) {
	anySecret := regexp.MustCompile(`secrets:\s*inherit|toJSON\(\s*secrets`)
	for _, f := range workflows(t) {
		if m := anySecret.FindString(f.text); m != "" {
			t.Errorf("%s: %q: want a list of names", f.path, m)
		}
		f.steps(func(name string, _ job, s step) {
			for key, value := range s.With {
				if strings.Contains(value, "secrets.") {
					t.Errorf("%s: job %s passes a secret in the input %s: pass it in env", f.path, name, key)
				}
			}
		})
	}
}

// metadata is an action.yml as far as a workflow depends on it.
type metadata struct {
	Inputs  map[string]any
	Outputs map[string]any
}

func action(t *testing.T, folder string) metadata {
	t.Helper()
	path := filepath.Join(root, "actions", folder, "action.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run make generate", err)
	}
	var m metadata
	if err := yaml.Unmarshal(text, &m); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return m
}

var stepOutput = regexp.MustCompile(`steps\.([\w-]+)\.outputs\.([\w-]+)`)

// GitHub only warns of an input that an action does not have, and an output that
// no step has is empty: a typing error would pass.
func TestInputsAndOutputsExist(t *testing.T) {
	for _, f := range workflows(t) {
		for name, j := range f.Jobs {
			outputs := map[string]map[string]any{}
			for _, s := range j.Steps {
				folder, own := s.own()
				if !own {
					continue
				}
				m := action(t, folder)
				outputs[s.ID] = m.Outputs
				for key := range s.With {
					if _, ok := m.Inputs[key]; !ok {
						t.Errorf("%s: job %s: %s has no input %q", f.path, name, s.Uses, key)
					}
				}
			}
			for key, value := range j.Outputs {
				for _, m := range stepOutput.FindAllStringSubmatch(value, -1) {
					if _, ok := outputs[m[1]][m[2]]; !ok {
						t.Errorf("%s: job %s: output %s: step %s has no output %q", f.path, name, key, m[1], m[2])
					}
				}
			}
		}
	}
}

var neededOutput = regexp.MustCompile(`needs\.([\w-]+)\.(?:outputs\.([\w-]+)|result)`)

func TestWhatAJobReadsOfOthersExists(t *testing.T) {
	for _, f := range workflows(t) {
		for name, j := range f.Jobs {
			text := j.If
			for _, v := range j.Outputs {
				text += v
			}
			for _, s := range j.Steps {
				for _, v := range s.With {
					text += v
				}
			}
			for _, m := range neededOutput.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(j.Needs, m[1]) {
					t.Errorf("%s: job %s reads %s, which it does not need", f.path, name, m[0])
				}
				if _, ok := f.Jobs[m[1]].Outputs[m[2]]; m[2] != "" && !ok {
					t.Errorf("%s: job %s reads %s, which does not exist", f.path, name, m[0])
				}
			}
		}
	}
}

// What is no secret reaches every phase without being masked.
func TestVariablesReachEveryPhase(t *testing.T) {
	for _, f := range workflows(t) {
		f.steps(func(name string, _ job, s step) {
			if _, own := s.own(); own && s.With["vars"] != "${{ vars.BLUEGREEN_VARS }}" {
				t.Errorf("%s: job %s gives %s the variables %q", f.path, name, s.Uses, s.With["vars"])
			}
		})
	}
}

// Without a queue, GitHub keeps one that waits, and cancels it for the next. What
// cancels even what runs, such as a check of a branch, is nobody's release.
func TestNothingThatWaitsIsCancelled(t *testing.T) {
	groups := 0
	for _, f := range workflows(t) {
		all := map[string]*concurrency{"the workflow": f.Concurrency}
		for name, j := range f.Jobs {
			all["job "+name] = j.Concurrency
		}
		for name, c := range all {
			if c == nil {
				continue
			}
			groups++
			if c.Cancel == (c.Queue == "max") {
				t.Errorf("%s: %s has the concurrency %+v: want queue: max, or cancel-in-progress, and not both", f.path, name, *c)
			}
		}
	}
	if groups < 5 {
		t.Errorf("%d groups were looked at", groups)
	}
}

// A deployment to the target is what a release announces. One that a job makes is a
// success whatever it did, as of a rollback or of the hourly look; a role's holds what
// its approval was for.
func TestOnlyRolesMakeDeploymentsByTheirJobs(t *testing.T) {
	for _, path := range []string{"rollout.yml", "rollback.yml", "cleanup.yml"} {
		for name, j := range read(t, ".github/workflows/"+path).Jobs {
			made := j.Environment.Deployment == nil || *j.Environment.Deployment
			if role := strings.Contains(j.Environment.Name, "matrix.role"); j.Environment.Name != "" && made != role {
				t.Errorf("%s: %s in %s makes a deployment: %t, want %t", path, name, j.Environment.Name, made, role)
			}
		}
	}
}
