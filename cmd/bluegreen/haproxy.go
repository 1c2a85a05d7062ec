package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var haproxyCommand = action.New(action.About{
	Name: "haproxy", Summary: "Writes the backends and the state folder of HAProxy; --dry-run shows them.", Settings: []string{"router", "routers"},
}, installHAProxy)

type haproxyInputs struct {
	Live release.Slot `input:"live" help:"The slot that has the traffic, blue or green; ignored where that is known. When empty it is blue on a host that has nothing of an installation yet, and is refused where it cannot be told."`
}

type haproxyOutputs struct {
	Reload bool `output:"reload" help:"true when HAProxy has to be reloaded once, since the configuration has changed."`
}

// haproxySnippet is what a person adds to HAProxy's own configuration.
func haproxySnippet(s haproxy.Settings) string {
	var text strings.Builder
	fmt.Fprintf(&text, "global\n    stats socket %s mode 660 level user expose-fd listeners\n\n# in each frontend that is split:\nfrontend web\n", s.Socket)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		fmt.Fprintf(&text, "    use_backend bluegreen_%s if { path_beg /%s/ }\n", name, name)
	}
	fmt.Fprintf(&text, "\n# started with one more file, as in EXTRAOPTS of /etc/default/haproxy:\n# haproxy ... -f %s\n", s.Config)
	return text.String()
}

func installHAProxy(ctx context.Context, job *action.Job, in haproxyInputs) (out haproxyOutputs, err error) {
	all := described(job, func(r config.Router) haproxy.Settings { return r.HAProxy })
	if len(all) == 0 {
		return out, release.Reject("describe it in router.haproxy", "haproxy: no HAProxy is described")
	}
	for _, s := range all {
		changed, err := installBackends(ctx, job, s, in.Live)
		if err != nil {
			return out, err
		}
		out.Reload = out.Reload || changed
	}
	return out, nil
}

func installBackends(ctx context.Context, job *action.Job, s haproxy.Settings, live release.Slot) (reload bool, err error) {
	p, err := haproxy.New(s)
	if err != nil {
		return false, err
	}
	files := haproxy.Config(s)
	if job.DryRun {
		job.Page.Verdict(summary.Skip, "haproxy: dry run; %d files would be written", len(files))
		job.Page.Details(files[0].Path, files[0].Text) // a second one holds the secret of the preview
		return false, nil
	}
	if reload, err = p.Install(ctx, live); err != nil {
		return false, err
	}
	job.Page.Verdict(summary.Good, "haproxy: %s is in place", files[0].Path)
	if err := ignored(ctx, job, live, p.Written); err != nil {
		return reload, err
	}
	if reload {
		job.Page.Details("What to add to HAProxy, once", haproxySnippet(s))
		job.Page.Next(
			"Add these lines, then check and restart HAProxy, once: a reload reads no file that it was not started with. Where it has users, append the file to its own configuration instead, and reload. From then on nothing is reloaded.",
			"Let the user of the runner write to "+s.State+" and open "+s.Socket+".")
	}
	return reload, nil
}
