package action_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// inputs has one field of every kind that an action may have.
type inputs struct {
	Version release.Version `input:"version" required:"true" help:"Version to release."`
	Slot    release.Slot    `input:"slot" default:"blue" help:"Slot | role."`
	Count   int             `input:"max-count" default:"3" help:"How many."`
	Wait    time.Duration   `input:"wait" default:"90s" help:"How long."`
	Force   bool            `input:"allow-downgrade" default:"false" help:"Go back."`
	Note    string          `input:"note" help:"Any \"text\"."`
	Actor   string          `input:"actor" default:"${{ github.actor }}" help:"Who."`
	Key     release.Secret  `input:"api-key" help:"A key."`
	//lint:ignore U1000 a field that is not exported is no input
	hidden int
}

type outputs struct {
	Weight release.Weight `output:"weight" help:"What the candidate has."`
	URL    string         `output:"preview-url" help:"Where it is."`
	Done   bool           `output:"done" help:"Whether it is."`
	Took   time.Duration  `output:"took" help:"How long it took."`
}

// every is the names of all outputs of a fake phase.
var every = []string{"done", "evidence", "preview-url", "release", "took", "verdict", "weight"}

// function is what a fake phase does.
type function func(context.Context, *action.Job, inputs) (outputs, error)

func phase(do function, sections ...string) action.Phase {
	return action.New(action.About{Name: "fake", Summary: "Does nothing.", Settings: sections}, do)
}

func nothing(context.Context, *action.Job, inputs) (outputs, error) { return outputs{}, nil }

// world is a job on a runner: variables, a workspace, and what a step left.
type world struct {
	dir            string
	variables      map[string]string
	stdout, stderr bytes.Buffer
	status         int
}

func newWorld(t *testing.T, pairs ...string) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), variables: map[string]string{"GITHUB_ACTIONS": "true"}}
	w.variables["INPUT_WORKING-DIRECTORY"] = w.dir
	w.variables["INPUT_VERSION"] = "v1.2.0"
	w.variables["GITHUB_OUTPUT"] = filepath.Join(w.dir, "output")
	w.variables["GITHUB_STEP_SUMMARY"] = filepath.Join(w.dir, "summary")
	for i := 0; i < len(pairs); i += 2 {
		w.variables[pairs[i]] = pairs[i+1]
	}
	return w
}

func (w *world) run(t *testing.T, p action.Phase, args ...string) *world {
	t.Helper()
	w.status = p.Main(t.Context(), action.Process{
		Args: args, Getenv: func(name string) string { return w.variables[name] }, Stdout: &w.stdout, Stderr: &w.stderr,
	})
	return w
}

func (w *world) write(t *testing.T, name, text string) *world {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func (w *world) outputs(t *testing.T) map[string]string {
	t.Helper()
	all, err := runnertest.Outputs(w.read(t, "output"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// annotations is the commands of a level.
func (w *world) annotations(level string) []string {
	var all []string
	commands, _ := runnertest.Read(w.stdout.String())
	for _, c := range commands {
		if c.Name == level {
			all = append(all, c.Data)
		}
	}
	return all
}

// everything is all that people, other jobs and an artifact get to see; the
// runner swallows the commands that tell it what to mask.
func (w *world) everything(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	commands, lines := runnertest.Read(w.stdout.String())
	for _, c := range commands {
		if c.Name != "add-mask" {
			all.WriteString(c.Properties["title"] + c.Data + "\n")
		}
	}
	all.WriteString(strings.Join(lines, "\n") + w.stderr.String())
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(path, ".yml") {
			text, readErr := os.ReadFile(path)
			all.WriteString("\n" + path + "\n" + string(text))
			err = readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
