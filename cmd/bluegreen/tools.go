package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// everything is all sections of the configuration.
var everything = []string{
	"application", "images", "registry", "slots", "router", "shift", "prometheus",
	"gates", "smoke", "database", "queue", "sign-off", "preflight",
}

// commands are run like phases but are no part of a release.
var commands = []action.Phase{
	action.New(action.About{
		Name: "check", Summary: "Verifies the configuration and every variable in it, and touches nothing.", Quiet: everything,
	}, check),
	action.New(action.About{
		Name: "nginx", Summary: "Writes the configuration of the nginx switch and its state folder; --dry-run shows it.", Settings: []string{"router", "shift"},
	}, installNginx),
}

type none struct{}

// check opens everything that the phases would open, as far as that asks nobody.
func check(_ context.Context, job *action.Job, _ none) (none, error) {
	_, router := connect.Switch(job)
	_, gates := connect.Gates(job)
	_, database := connect.Database(job.Config.Database, nil)
	_, lease := connect.Leases(job)
	err := errors.Join(router, gates, database, lease, places(job), asked(job))
	if len(job.Config.Images) == 0 {
		err = errors.Join(err, errors.New("images: none is described"))
	}
	if err != nil {
		return none{}, release.Reject("add what is missing; examples/mailblast/.github/bluegreen.yml has all of it", "%w", err)
	}
	job.Page.Verdict(summary.Good, "check: the configuration is complete; preflight looks whether everything answers")
	return none{}, nil
}

// places refuses a slot without a project or with compose files that are not there.
func places(job *action.Job) error {
	var problems []error
	for _, s := range release.Slots {
		place := job.Config.Slots.Of(s)
		if place.Project == "" || len(place.Compose) == 0 {
			problems = append(problems, fmt.Errorf("slots.%s: project and compose: want both", s))
		}
		for _, file := range place.Compose {
			if _, err := os.Stat(job.Path(file)); err != nil {
				problems = append(problems, fmt.Errorf("slots.%s.compose: %w", s, err))
			}
		}
	}
	return errors.Join(problems...)
}

// asked refuses a smoke check of a service without an address in both slots.
func asked(job *action.Job) error {
	var problems []error
	for _, c := range job.Config.Smoke.Checks {
		for _, s := range release.Slots {
			if c.Service != "" && job.Config.Slots.Of(s).Services[c.Service] == "" {
				problems = append(problems, fmt.Errorf("smoke check %q: slots.%s.services has no %s", c.Name, s, c.Service))
			}
		}
	}
	return errors.Join(problems...)
}

type nginxInputs struct {
	Live release.Slot `input:"live" default:"blue" help:"The slot that has the traffic where none is written down yet, blue or green."`
}

type nginxOutputs struct {
	Reload bool `output:"reload" help:"true when nginx has to be reloaded once, since the configuration has changed."`
}

// snippet is what a person adds to nginx's own configuration.
func snippet(files []nginx.File, s nginx.Settings) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# at the http level, unless its folder is included already:\ninclude %s;\n\n# in each server that is split:\nserver {\n    include %s;\n", files[0].Path, files[1].Path)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		fmt.Fprintf(&text, "    location /%s/ { proxy_pass http://$bluegreen_%s; }\n", name, name)
	}
	text.WriteString("    # a location with an add_header or proxy_set_header of its own loses those of the include: repeat them there\n}\n")
	return text.String()
}

func installNginx(ctx context.Context, job *action.Job, in nginxInputs) (nginxOutputs, error) {
	s, err := connect.Switch(job)
	if err != nil {
		return nginxOutputs{}, err
	}
	files := nginx.Config(job.Config.Router.Nginx, job.Config.Shift.Weights(), in.Live)
	if job.DryRun {
		job.Page.Verdict(summary.Skip, "nginx: dry run; %d files would be written", len(files))
		for _, f := range files[:3] { // a fourth one holds the secret of the preview
			job.Page.Details(f.Path, f.Text)
		}
		return nginxOutputs{}, nil
	}
	reload, err := s.Install(ctx, in.Live)
	if err != nil {
		return nginxOutputs{}, err
	}
	job.Page.Verdict(summary.Good, "nginx: %d files are in place", len(files))
	if reload {
		job.Page.Details("What to add to nginx, once", snippet(files, job.Config.Router.Nginx))
		job.Page.Next(
			"Add these lines, then run nginx -t and nginx -s reload, once. From then on nothing is reloaded.",
			"Let the user of the runner write to "+job.Config.Router.Nginx.State+": chown -R it.")
	}
	return nginxOutputs{reload}, nil
}
