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
	Settings: []string{"preflight", "sign-off"},
	First:    true,
	Quiet:    []string{"router", "shift", "slots", "registry", "images", "prometheus", "gates", "database", "queue", "smoke"},
}, run)

type inputs struct {
	Version     release.Version `input:"version" required:"true" help:"Version to release, such as v1.2.0. It becomes the tag of the images."`
	Commit      release.Commit  `input:"commit" help:"Commit to release; the one of the run when empty."`
	Environment string          `input:"environment" help:"The environment that is released to, such as production. Its protection and that of its sign-offs are looked at when it is given."`
	TakeOver    bool            `input:"take-over" default:"false" help:"Take the slot over from another release that has claimed it, not finished, and not rolled back."`
	First       bool            `input:"first-release" default:"false" help:"Nothing is live yet, so there is no way back."`
}

type outputs struct {
	Slot release.Slot `output:"slot" help:"The slot that the release goes to, blue or green."`
	Good release.Slot `output:"good" help:"The slot to go back to; none in a first release."`
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
	if err := report.Err(); err != nil {
		return outputs{}, err
	}
	return outputs{Slot: record.Candidate, Good: record.Good}, nil
}

// decide reads who is live and says where the release goes.
func decide(ctx context.Context, job *action.Job, in inputs) (release.Record, error) {
	balancer, _, err := connect.Balancer(job)
	if err != nil {
		return release.Record{}, err
	}
	weights, err := balancer.Router.Weights(ctx)
	if err != nil {
		return release.Record{}, release.CannotTell("install the switch with `bluegreen nginx`, and make the load balancer answer", "read the weights: %w", err)
	}
	page, err := balancer.Ledger.Read(ctx)
	if err != nil {
		return release.Record{}, release.CannotTell("repair the ledger beside the load balancer", "read the ledger: %w", err)
	}
	runs, err := serving(ctx, job, weights)
	if err != nil {
		return release.Record{}, err
	}
	seen := preflight.Traffic{Weights: weights, Serving: runs}
	if page.Shift != nil {
		seen.Owner = page.Shift.Release
	}
	if page.Good != nil {
		seen.Good = page.Good.Slot
	}
	return preflight.Plan{
		Repository: job.Runner.Repository, Run: job.Runner.RunID,
		Version: in.Version, Commit: cmp.Or(in.Commit, job.Runner.Commit), First: in.First,
	}.Record(seen, time.Now())
}

// serving reports whether the slot with all the traffic runs a release, be it
// healthy or not.
func serving(ctx context.Context, job *action.Job, w release.Weights) (bool, error) {
	live, whole := w.Live()
	if !whole {
		return false, nil
	}
	env, err := connect.Slot(ctx, job, live)
	if err != nil {
		return false, err
	}
	all, err := env.Inspect(ctx)
	return len(all) > 0, err
}

func write(job *action.Job, r preflight.Report) {
	marks := map[release.Status]string{release.Passed: string(summary.Good), release.Failed: string(summary.Bad), release.NotShown: "▫️"}
	var rows [][]string
	stops := 0
	for _, one := range r.Results {
		if one.Stops {
			stops++
		}
		rows = append(rows, []string{marks[one.Status], one.Name, one.Observed, one.Took.Round(time.Millisecond).String(), one.Remedy})
	}
	if stops > 0 {
		job.Page.Verdict(summary.Bad, "preflight: %d of %d probes stop the release; nothing was changed", stops, len(r.Results))
	} else {
		job.Page.Verdict(summary.Good, "preflight: %s can go to %s; %d probes", job.Release.Version, job.Release.Candidate, len(r.Results))
	}
	job.Page.Table([]string{"", "probe", "seen", "took", "remedy"}, rows)
	if s, err := connect.Switch(job); err == nil && job.Release.Good != "" {
		job.Page.Details("Break glass: all traffic to "+string(job.Release.Good)+", without any of this", s.BreakGlass(job.Release.Good))
	}
}
