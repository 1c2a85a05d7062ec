package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var (
	nginxConfig = action.New(action.About{
		Name: "nginx config", Summary: "Prints the configuration of the nginx switch, and changes nothing.", Settings: []string{"router", "routers", "shift"}, Looks: true,
	}, showNginx)
	nginxInstall = action.New(action.About{
		Name: "nginx install", Summary: "Writes the configuration of the nginx switch and its state folder.", Settings: []string{"router", "routers", "shift"},
	}, installNginx)
)

type nginxInputs struct {
	Live release.Slot `input:"live" help:"The slot that has the traffic where none is written down yet, blue or green; blue when empty."`
}

type nginxOutputs struct {
	Reload bool `output:"reload" help:"true when nginx has to be reloaded once, since the configuration has changed."`
}

// switched is each nginx of the configuration that is switched, in a fixed order.
func switched(job *action.Job) ([]nginx.Settings, error) {
	if len(job.Config.Routers) == 0 { // what it lacks is then said key by key
		return []nginx.Settings{job.Config.Router.Nginx}, nil
	}
	all := described(job, func(r config.Router) nginx.Settings { return r.Nginx })
	if len(all) == 0 {
		return nil, release.Reject("describe it in router.nginx", "nginx: no nginx is described that is switched")
	}
	return all, nil
}

func showNginx(_ context.Context, job *action.Job, in nginxInputs) (none, error) {
	all, err := switched(job)
	if err != nil {
		return none{}, err
	}
	live := in.Live
	if live == "" {
		live = release.Blue
	}
	for _, s := range all {
		if _, err := nginx.New(s, job.Config.Shift.Weights()); err != nil {
			return none{}, err
		}
		show(job, s, nginx.Config(s, job.Config.Shift.Weights(), live))
	}
	return none{}, nil
}

// show prints the files; of the one that holds the secret of the preview only
// where it is.
func show(job *action.Job, s nginx.Settings, files []nginx.File) {
	job.Page.Verdict(summary.Skip, "nginx: %d files for %s; nothing is written", len(files), s.URL)
	for _, f := range files {
		text := f.Text
		if f.Mode&0o077 == 0 {
			text = "(the value of preview, which is not shown; mode 600)"
		}
		job.Page.Details(f.Path, text)
	}
	job.Page.Details("What to add to nginx, once", snippet(files, s))
}

func installNginx(ctx context.Context, job *action.Job, in nginxInputs) (out nginxOutputs, err error) {
	if job.DryRun {
		_, err := showNginx(ctx, job, in)
		return out, err
	}
	all, err := switched(job)
	if err != nil {
		return out, err
	}
	for _, s := range all {
		reload, err := installSwitch(ctx, job, s, in.Live)
		if err != nil {
			return out, err
		}
		out.Reload = out.Reload || reload
	}
	return out, nil
}

func installSwitch(ctx context.Context, job *action.Job, s nginx.Settings, live release.Slot) (reload bool, err error) {
	opened, err := nginx.New(s, job.Config.Shift.Weights())
	if err != nil {
		return false, err
	}
	defer opened.Close()
	if reload, err = opened.Install(ctx, live); err != nil {
		return false, err
	}
	files := nginx.Config(s, job.Config.Shift.Weights(), release.Blue)
	job.Page.Verdict(summary.Good, "nginx: %d files are in place for %s", len(files), s.URL)
	if err := ignored(ctx, job, live, opened.Weights); err != nil {
		return reload, err
	}
	if reload {
		job.Page.Details("What to add to nginx, once", snippet(files, s))
		job.Page.Next(
			"Add these lines where they are not there yet, then run nginx -t and nginx -s reload, once. A release reloads nothing.",
			"Let the user of the runner own "+s.State+" and the folder of "+s.Config+": chown -R both.")
	}
	return reload, nil
}

// snippet is what a person adds to nginx's own configuration.
func snippet(files []nginx.File, s nginx.Settings) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# at the http level, unless its folder is included already:\ninclude %s;\n\n# in each server that is split:\nserver {\n    include %s;\n", files[0].Path, files[1].Path)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		path := "/"
		if len(s.Services) > 1 {
			path += name + "/"
		}
		fmt.Fprintf(&text, "    location %s { proxy_pass http://$bluegreen_%s; }\n", path, name)
	}
	text.WriteString("    # a location with an add_header or proxy_set_header of its own loses those of the include: repeat them there\n}\n")
	return text.String()
}

// outdated refuses generated files that are on this machine and are not those of
// the settings and the steps: changed steps want an installation and a reload.
func outdated(ctx context.Context, job *action.Job) error {
	all, err := switched(job)
	if err != nil {
		return nil // another kind of load balancer
	}
	var problems []error
	for _, s := range all {
		opened, err := nginx.New(s, job.Config.Shift.Weights())
		if _, absent := os.Stat(s.Config); err != nil || s.SSH.Used() || errors.Is(absent, fs.ErrNotExist) {
			continue // said already, or on another machine, where preflight looks
		}
		problems = append(problems, opened.Installed(ctx))
	}
	return errors.Join(problems...)
}
