package main

import (
	"context"
	"fmt"

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

func check(_ context.Context, job *action.Job, _ none) (none, error) {
	job.Page.Verdict(summary.Good, "check: the configuration is valid")
	return none{}, nil
}

type nginxInputs struct {
	Live release.Slot `input:"live" default:"blue" help:"The slot that has the traffic where none is written down yet, blue or green."`
}

type nginxOutputs struct {
	Reload bool `output:"reload" help:"true when nginx has to be reloaded once, since the configuration has changed."`
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
		job.Page.Next(
			fmt.Sprintf("Include %s at the http level, unless it lies in a folder that is included already.", files[0].Path),
			fmt.Sprintf("Include %s in each server that is split, and use proxy_pass http://$bluegreen_SERVICE in its locations.", files[1].Path),
			"Run nginx -t and nginx -s reload, once. From then on nothing is reloaded.")
	}
	return nginxOutputs{reload}, nil
}
