package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// uploader is the stand-in for actions/upload-artifact, which cannot be
// fetched without a network: it copies the files beside the demo's own.
const uploader = `name: upload-artifact
description: copies the files of an artifact to a folder
inputs:
  name: { description: name of the artifact }
  path: { description: folder to copy }
  if-no-files-found: { description: ignored }
  overwrite: { description: ignored }
  retention-days: { description: ignored }
runs:
  using: composite
  steps:
    - shell: bash
      env: { NAME: "${{ inputs.name }}", FROM: "${{ inputs.path }}" }
      run: |
        mkdir -p "$DEMO_ARTIFACTS/$NAME"
        if [ -d "$FROM" ]; then cp -R "$FROM"/. "$DEMO_ARTIFACTS/$NAME"/; fi
`

// Workflow runs a workflow file of a repository with act.
type Workflow struct {
	Act       string // the program
	Repo      string // the repository of the application
	Actions   string // the root of this project
	Cache     string // where act keeps its folders
	Artifacts string
	Uploader  string // the pinned reference of upload-artifact, name@commit
	Variables map[string]string
	Secrets   map[string]string
	Log       io.Writer // everything that act prints
	Progress  io.Writer // the lines that a person wants to see
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
	cmd := process.Command{
		Path: w.Act, Dir: w.Repo, Stdout: out,
		Args: w.args(run, inputs, secrets),
		Env:  []string{"XDG_CACHE_HOME=" + w.Cache, "DEMO_ARTIFACTS=" + w.artifacts(run)},
	}
	err = process.Run(ctx, cmd)
	return out.phases, err
}

func (w Workflow) artifacts(run int) string {
	return filepath.Join(w.Artifacts, fmt.Sprint(run))
}

func (w Workflow) args(run int, inputs map[string]string, secrets string) []string {
	args := []string{
		"workflow_dispatch", "-W", ".github/workflows/release.yml", "-P", "self-hosted=-self-hosted",
		"--use-gitignore=false", "--secret-file", secrets, "--concurrent-jobs", "4",
		"--local-repository", "bluegreen-actions/bluegreen@demo=" + w.Actions,
		"--local-repository", w.Uploader + "=" + filepath.Join(filepath.Dir(w.Cache), "uploader"),
		"--env", fmt.Sprintf("GITHUB_RUN_ID=%d", run), "--env", "DEMO_ARTIFACTS=" + w.artifacts(run),
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
	f, err := os.CreateTemp(filepath.Dir(w.Cache), "secrets-")
	if err != nil {
		return "", err
	}
	for name, value := range w.Secrets {
		fmt.Fprintf(f, "%s=%s\n", name, value)
	}
	return f.Name(), f.Close()
}

// progress passes on the lines that tell a person where the release is: the
// jobs, and what the phases say.
type progress struct {
	log    io.Writer
	shown  io.Writer
	rest   strings.Builder
	begun  map[string]time.Time
	phases []Phase
}

// Phase is one job of a run and how long it took.
type Phase struct {
	Name string
	Took time.Duration
}

var (
	jobSet  = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\] ⭐ Run Set up job`)
	said    = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\]\s+\|\s(\d\d:\d\d:\d\d\.\d\d\d .*)$`)
	jobDone = regexp.MustCompile(`^\[[^/]*/rollout/([^\]]*?) *\] 🏁\s+Job (succeeded|failed)`)
)

func (p *progress) Write(text []byte) (int, error) {
	if _, err := p.log.Write(text); err != nil {
		return 0, err
	}
	p.rest.Write(text)
	lines := bufio.NewScanner(strings.NewReader(p.rest.String()))
	lines.Buffer(nil, 1<<20)
	whole := strings.LastIndexByte(p.rest.String(), '\n') + 1
	remain := p.rest.String()[whole:]
	for lines.Scan() {
		if lines.Text() != remain || whole == p.rest.Len() {
			p.line(lines.Text())
		}
	}
	p.rest.Reset()
	p.rest.WriteString(remain)
	return len(text), nil
}

func (p *progress) line(line string) {
	if m := said.FindStringSubmatch(line); m != nil {
		fmt.Fprintf(p.shown, "    %-12s %s\n", m[1], m[2])
	} else if m := jobSet.FindStringSubmatch(line); m != nil {
		p.begun[m[1]] = time.Now()
	} else if m := jobDone.FindStringSubmatch(line); m != nil {
		p.phases = append(p.phases, Phase{m[1], time.Since(p.begun[m[1]])})
		fmt.Fprintf(p.shown, "  %s %s\n", map[string]string{"succeeded": "✔", "failed": "✘"}[m[2]], m[1])
	}
}
