package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var nginxReload = action.New(action.About{
	Name: "nginx-reload", Summary: "Writes the include of an nginx that is reloaded, and its state folder; --dry-run shows it.", Settings: []string{"router", "routers"},
}, installReload)

type reloadInputs struct {
	Live release.Slot `input:"live" help:"The slot that has the traffic, blue or green; ignored where that is known. When empty it is blue on a host that has nothing of an installation yet, and is refused where it cannot be told."`
}

type reloadOutputs struct {
	Reload bool `output:"reload" help:"true when nginx has to be reloaded, since an include has changed."`
}

func installReload(ctx context.Context, job *action.Job, in reloadInputs) (out reloadOutputs, err error) {
	all := described(job, func(r config.Router) reload.Settings { return r.NginxReload })
	if len(all) == 0 {
		return out, release.Reject("describe it in router.nginx-reload", "nginx-reload: no nginx is described that is reloaded")
	}
	for _, s := range all {
		changed, err := installInclude(ctx, job, s, in.Live)
		if err != nil {
			return out, err
		}
		out.Reload = out.Reload || changed
	}
	return out, nil
}

func installInclude(ctx context.Context, job *action.Job, s reload.Settings, live release.Slot) (changed bool, err error) {
	if job.DryRun {
		text, err := reload.Include(s, cmp.Or(live, release.Blue))
		if err != nil {
			return false, err
		}
		job.Page.Verdict(summary.Skip, "nginx-reload: dry run; %s would be written, unless a split is there", s.Include)
		job.Page.Details(s.Include, text)
		return false, nil
	}
	r, err := reload.New(s)
	if err != nil {
		return false, err
	}
	if changed, err = r.Install(ctx, live); err != nil {
		return false, err
	}
	job.Page.Verdict(summary.Good, "nginx-reload: %s is in place", s.Include)
	if err := ignored(ctx, job, live, r.Written); err != nil {
		return changed, err
	}
	if changed {
		job.Page.Details("What nginx's own configuration needs, once", includeLines(s))
		job.Page.Next("Make nginx's configuration so, then run nginx -t and reload nginx, once.",
			"Let the user of the runner write to the folders of "+s.Include+" and "+s.State+", and reload nginx: see docs/nginx-reload.md.")
	}
	return changed, nil
}

// ignored says so where the slot that was named is not the one that has the
// traffic: a split that is known stays.
func ignored(ctx context.Context, job *action.Job, live release.Slot, written func(context.Context) (release.Weights, error)) error {
	if live == "" {
		return nil
	}
	has, err := written(ctx)
	switch {
	case err != nil:
		return err
	case has.Of(live.Other()) == 100:
		job.Page.Say("--live %s is ignored: %s has the traffic.", live, live.Other())
	case has.Of(live) != 100:
		job.Page.Say("--live %s is ignored: the split is %v.", live, has)
	}
	return nil
}

// includeLines is what a person changes in nginx's own configuration.
func includeLines(s reload.Settings) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# at the http level:\ninclude %s;\n\n# remove these upstreams, which the include defines, and keep what passes requests to them:\n", s.Include)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		fmt.Fprintf(&text, "# upstream %[1]s { … }\nlocation … { proxy_pass http://%[1]s; }\n", name)
	}
	if s.Keepalive > 0 {
		text.WriteString("\n# for connections to the services that are kept open:\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n")
	}
	if s.CloseConnections {
		text.WriteString("\n# remove every keepalive_timeout: the include sets it while a release has traffic\n")
	}
	return text.String()
}
