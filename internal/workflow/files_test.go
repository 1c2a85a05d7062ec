package workflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// root is the repository.
const root = "../.."

// file is a workflow as far as the tests look at it.
type file struct {
	path        string
	text        string
	Permissions *map[string]string
	Concurrency *concurrency
	Jobs        map[string]job
}

type job struct {
	Needs       list
	If          string
	Uses        string
	Environment environment
	Timeout     int `yaml:"timeout-minutes"`
	Permissions *map[string]string
	Concurrency *concurrency
	Outputs     map[string]string
	Strategy    struct {
		FailFast *bool             `yaml:"fail-fast"`
		Matrix   map[string]string `yaml:"matrix"`
	}
	ContinueOnError string `yaml:"continue-on-error"`
	Steps           []step
}

type step struct {
	ID              string
	If              string
	Uses            string
	Run             string
	With            map[string]string
	Env             map[string]string
	Timeout         int  `yaml:"timeout-minutes"`
	ContinueOnError bool `yaml:"continue-on-error"`
}

// environment is a name, or a name and whether the job makes a deployment.
type environment struct {
	Name       string
	Deployment *bool
}

func (e *environment) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		e.Name = node.Value
		return nil
	}
	type plain environment
	return node.Decode((*plain)(e))
}

type concurrency struct {
	Group  string
	Cancel bool `yaml:"cancel-in-progress"`
	Queue  string
}

// list is one name or several.
type list []string

func (l *list) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = list{node.Value}
		return nil
	}
	return node.Decode((*[]string)(l))
}

func read(t *testing.T, path string) file {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	f := file{path: path, text: string(text)}
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(f.Jobs) == 0 {
		t.Fatalf("%s has no jobs", path)
	}
	return f
}

// workflows reads every workflow in the repository: ours and the examples'.
func workflows(t *testing.T) []file {
	t.Helper()
	var all []file
	for _, pattern := range []string{".github/workflows/*.yml", "examples/*/.github/workflows/*.yml"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, path := range paths {
			all = append(all, read(t, strings.TrimPrefix(path, root+"/")))
		}
	}
	return all
}

// steps calls look with every step of every job.
func (f file) steps(look func(name string, j job, s step)) {
	for name, j := range f.Jobs {
		for _, s := range j.Steps {
			look(name, j, s)
		}
	}
}

// own returns the folder of one of our actions, below actions/.
func (s step) own() (string, bool) { return strings.CutPrefix(s.Uses, "$/actions/") }

// one puts an expression on one line.
func one(expression string) string { return strings.Join(strings.Fields(expression), " ") }
