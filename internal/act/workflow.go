package act

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Workflow runs a workflow file of a repository with act.
type Workflow struct {
	Act       string // the program
	Repo      string // the repository of the application
	File      string // of the workflow, from the root of the repository
	Folder    string // what Prepare has made
	Artifacts string // folder that gets the artifacts of each run, by its number
	Variables map[string]string
	Secrets   map[string]string
	Log       io.Writer // everything that act prints
	Progress  io.Writer // the lines that a person wants to see; nil for none
}

// Run dispatches the workflow as a run of its own, and returns its jobs in the
// order in which they ended. The error is act's: a workflow that failed.
func (w Workflow) Run(ctx context.Context, run int, inputs map[string]string) ([]Phase, error) {
	secrets, err := w.secretFile()
	if err != nil {
		return nil, err
	}
	defer os.Remove(secrets)
	out := &progress{log: w.Log, shown: w.Progress, begun: map[string]time.Time{}}
	if out.shown == nil {
		out.shown = io.Discard
	}
	cmd := process.Command{
		Path: w.Act, Dir: w.Repo, Stdout: out,
		Args: w.args(run, inputs, secrets),
		Env:  []string{"XDG_CACHE_HOME=" + filepath.Join(w.Folder, "cache"), "DEMO_ARTIFACTS=" + w.artifacts(run)},
	}
	err = process.Run(ctx, cmd)
	return out.phases, err
}

func (w Workflow) artifacts(run int) string {
	return filepath.Join(w.Artifacts, fmt.Sprint(run))
}

func (w Workflow) args(run int, inputs map[string]string, secrets string) []string {
	args := []string{
		"workflow_dispatch", "-W", w.File, "-P", "self-hosted=-self-hosted",
		"--use-gitignore=false", "--secret-file", secrets, "--concurrent-jobs", "4",
		"--local-repository", Repository + "@" + Ref + "=" + filepath.Join(w.Folder, "project"),
		"--env", fmt.Sprintf("GITHUB_RUN_ID=%d", run), "--env", "DEMO_ARTIFACTS=" + w.artifacts(run),
	}
	for reference, folder := range folders(w.Folder) {
		args = append(args, "--local-repository", reference+"="+folder)
	}
	for name, value := range w.Variables {
		args = append(args, "--env", name+"="+value)
	}
	for name, value := range inputs {
		args = append(args, "--input", name+"="+value)
	}
	return args
}

// secretFile keeps secrets out of the arguments of act.
func (w Workflow) secretFile() (string, error) {
	f, err := os.CreateTemp(w.Folder, "secrets-")
	if err != nil {
		return "", err
	}
	for name, value := range w.Secrets {
		fmt.Fprintf(f, "%s=%s\n", name, value)
	}
	return f.Name(), f.Close()
}
