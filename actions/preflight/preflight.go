// Package preflight is the action that looks at everything a release needs
// before anything changes, and decides which slot it goes to.
package preflight

import (
	"cmp"
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "preflight",
	Summary:  "Looks at everything that the release needs, changes nothing, and decides which slot it goes to.",
	Rights:   []string{"actions: read", "checks: read", "pull-requests: read", "security-events: read", "statuses: read"},
	Settings: []string{"preflight", "sign-off"},
	First:    true,
	Quiet:    []string{"router", "routers", "shift", "slots", "registry", "images", "prometheus", "scrape", "gates", "database", "queue", "smoke"},
}, run)

type inputs struct {
	Version     release.Version `input:"version" required:"true" help:"Version to release, such as v1.2.0. It becomes the tag of the images."`
	Commit      release.Commit  `input:"commit" help:"Commit to release; the one of the run when empty."`
	Environment string          `input:"environment" help:"The environment that is released to, such as production. Its protection and that of its sign-offs are looked at. It may be empty only where sign-off.roles is []."`
	TakeOver    bool            `input:"take-over" default:"false" help:"Take the slot over from another release that has claimed it, not finished, and not rolled back."`
	First       bool            `input:"first-release" default:"false" help:"Nothing is live yet, so there is no way back."`
	Within      time.Duration   `input:"shift-within" help:"How long the step that shifts may last, such as 220m. Steps that take longer than that are refused, and those that may are a warning."`
}

// outputs has the roles as JSON lists, for the matrix of the jobs that ask them:
// the configuration is the only place that names them.
type outputs struct {
	Slot release.Slot `output:"slot" help:"The slot that the release goes to, blue or green."`
	Good release.Slot `output:"good" help:"The slot to go back to; none in a first release."`

	Migrate  string `output:"roles-before-migrate" help:"Who signs off before migrate, as a JSON list."`
	Shift    string `output:"roles-before-shift" help:"Who signs off before shift, as a JSON list."`
	During   string `output:"roles-during-shift" help:"Whom steps of the shift wait for, as a JSON list."`
	Finalize string `output:"roles-before-finalize" help:"Who signs off before finalize, as a JSON list."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	record, err := decide(ctx, job, in)
	if err != nil {
		return outputs{}, err
	}
	job.Release, job.Add = record, record
	report := preflight.Run(ctx, job.Config.Preflight.Timeout, probes(ctx, job, in))
	report.Show(job.Findings)
	write(job, report)
	page(job, in.Environment)
	if err := report.Err(); err != nil {
		job.Add.Refused = true
		return outputs{}, err
	}
	out := asked(job)
	out.Slot, out.Good = record.Candidate, record.Good
	return out, nil
}

// decide reads who is live and says where the release goes.
func decide(ctx context.Context, job *action.Job, in inputs) (release.Record, error) {
	seen, err := connect.Traffic(ctx, job)
	if err != nil {
		return release.Record{}, err
	}
	return preflight.Plan{
		Repository: job.Runner.Repository, Run: job.Runner.RunID,
		Version: in.Version, Commit: cmp.Or(in.Commit, job.Runner.Commit), First: in.First,
	}.Record(seen, time.Now())
}

func write(job *action.Job, r preflight.Report) {
	stops := 0
	for _, one := range r.Results {
		if one.Stops {
			stops++
		}
	}
	if stops > 0 {
		job.Page.Verdict(summary.Bad, "preflight: %d of %d probes stop the release; nothing was changed", stops, len(r.Results))
	} else {
		job.Page.Verdict(summary.Good, "preflight: %s can go to %s; %d probes", job.Release.Version, job.Release.Candidate, len(r.Results))
	}
	connect.Probes(job.Page, r)
	if b, err := connect.Balancer(job); err == nil && b.BreakGlass != nil && job.Release.Good != "" {
		job.Page.Details("Break glass: all traffic to "+string(job.Release.Good)+", without any of this", b.BreakGlass(job.Release.Good))
	}
}
