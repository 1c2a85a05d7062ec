package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/draft"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var initCommand = action.New(action.About{
	Name: "init", Summary: "Writes a first configuration and a workflow from the compose files of a checkout. With --dry-run it prints both.",
	Needed: []string{}, Plain: true,
}, initialize)

type initInputs struct {
	Compose     string       `input:"compose" help:"The compose file, or that of one slot, such as docker-compose.blue.yml. Without it, compose.yaml and docker-compose.yml are looked for."`
	Router      draft.Router `input:"router" default:"nginx" help:"The load balancer: nginx, nginx-reload, haproxy or alb."`
	Environment draft.Label  `input:"environment" default:"production" help:"The GitHub environment that is released to."`
}

// initialize reads everything before it writes the first file. Files that are there
// already stay, so that what was killed between the two can be run again.
func initialize(ctx context.Context, job *action.Job, in initInputs) (none, error) {
	files, err := drafted(ctx, job, in)
	if err != nil {
		return none{}, err
	}
	if job.DryRun {
		for _, f := range files {
			fmt.Fprintf(job.Output, "# %s\n\n%s\n", f.Path, f.Text)
		}
		return none{}, nil
	}
	if err := create(job.Dir, files); err != nil {
		return none{}, err
	}
	return none{}, job.Show(initPage(files, in))
}

// drafted reads the compose files with the program that deploys them.
func drafted(ctx context.Context, job *action.Job, in initInputs) ([]draft.File, error) {
	checkout := os.DirFS(job.Dir)
	layout, err := draft.Find(checkout, in.Compose)
	if err != nil {
		return nil, err
	}
	var applications [2]draft.Application
	wish := draft.Wish{Router: in.Router, Environment: in.Environment}
	for i, files := range [][]string{layout.Blue, layout.Green} {
		if len(files) == 0 {
			continue
		}
		stack, err := compose.Open(ctx, compose.Project{Files: files, Dir: job.Dir, Env: job.Env}, nil)
		if err != nil {
			return nil, err
		}
		if applications[i], err = stack.Application(ctx); err != nil {
			return nil, release.Reject("correct the files, or set the variables that they want", "read %s: %w", strings.Join(files, ", "), err)
		}
		tool := stack.Tool()
		wish.Tool = strings.Join(tool.Command, " ") + " " + tool.Version
	}
	if applications[0].Name == "" { // version 1 takes it from the folder
		applications[0].Name = filepath.Base(filepath.Join(job.Dir, filepath.Dir(layout.Blue[0])))
	}
	return draft.Files(checkout, layout, wish, applications[0], applications[1])
}

// create writes the files, none of which may be there with another text.
func create(dir string, files []draft.File) error {
	var there []string
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("look for %s: %w", f.Path, err)
		case !bytes.Equal(text, []byte(f.Text)):
			there = append(there, f.Path)
		}
	}
	if len(there) > 0 {
		return release.Reject("move them away, or print what would be written with --dry-run", "there already: %s", strings.Join(there, ", "))
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		if err := overwrite(path, f.Text); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return nil
}

// initPage says what is left to a person.
func initPage(files []draft.File, in initInputs) *summary.Page {
	page := new(summary.Page)
	page.Verdict(summary.Good, "init: %s and %s are written", files[0].Path, files[1].Path)
	var rows [][]string
	for i, line := range strings.Split(files[0].Text, "\n") {
		if value, _, _ := strings.Cut(line, "#"); strings.Contains(value, draft.FillIn) {
			rows = append(rows, []string{fmt.Sprintf("%s:%d", files[0].Path, i+1), strings.TrimSpace(line)})
		}
	}
	if len(rows) > 0 {
		page.Section("To be filled in")
		page.List(rows)
	}
	page.Next(
		"Write the values in place of FILL_IN, and look at the rest: bluegreen check says what is still missing.",
		install(in.Router),
		fmt.Sprintf("Create the environment %s, and those of the sign-offs: bluegreen environments --environment %s prints how.", in.Environment, in.Environment),
		"Where the application runs already, make that the slot to go back to: bluegreen adopt. Where nothing runs yet, give first-release to the first release.",
		fmt.Sprintf("Set those of its secrets that you use: %s. What else the compose files read goes into BLUEGREEN_ENV, one NAME=value a line.", strings.Join(secrets(files[1].Text), ", ")),
		"Give what is no secret, such as REGISTRY, in its variable BLUEGREEN_VARS, in the same form.",
		"Let Prometheus scrape both slots, and alert: bluegreen monitoring scrape and bluegreen monitoring alerts print what it needs.",
	)
	return page
}

// install is how the load balancer gets to know both slots.
func install(r draft.Router) string {
	switch r {
	case "nginx":
		return "Install the switch, once: bluegreen nginx install. docs/nginx.md has the details."
	case "nginx-reload":
		return "Install the include, once: bluegreen nginx-reload. docs/nginx-reload.md has the details."
	case "haproxy":
		return "Install the backends, once: bluegreen haproxy. docs/haproxy.md has the details."
	}
	return "Make the target groups and the rules: docs/alb.md says how."
}

// secrets lists the secrets that a workflow passes on.
func secrets(workflow string) (names []string) {
	for line := range strings.Lines(workflow) {
		if _, rest, ok := strings.Cut(line, "${{ secrets."); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
