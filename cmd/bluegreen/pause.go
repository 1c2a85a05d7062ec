package main

import (
	"cmp"
	"context"
	"os"
	"os/user"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var pausePhase = action.New(action.About{
	Name: "pause", Summary: "Keeps a shift that is on its way at its weight until it is resumed; the gates keep watching, and may take the traffic back.",
	Settings: []string{"router", "routers"},
	Quiet:    []string{"shift"},
	Needed:   []string{"router", "routers", "shift"},
}, pause)

var resumePhase = action.New(action.About{
	Name: "resume", Summary: "Lets a paused shift go on.",
	Settings: []string{"router", "routers"},
	Quiet:    []string{"shift"},
	Needed:   []string{"router", "routers", "shift"},
}, resume)

type pauseInputs struct {
	Reason string `input:"reason" help:"Why, for the log of the shift."`
}

func pause(ctx context.Context, job *action.Job, in pauseInputs) (none, error) {
	ledger, err := ledgerOf(job)
	if err != nil {
		return none{}, err
	}
	if job.DryRun {
		return none{}, onItsWay(ctx, job, ledger, "pause")
	}
	note, err := traffic.PauseShift(ctx, ledger, person(job), in.Reason)
	if err != nil {
		return none{}, err
	}
	job.Page.Verdict(summary.Good, "pause: the shift of release %s to %s keeps its weight from its next look on", note.Release, note.Candidate)
	job.Page.Next("Let it go on with `bluegreen resume`, or take the traffic back with `bluegreen rollback`.")
	return none{}, nil
}

func resume(ctx context.Context, job *action.Job, _ none) (none, error) {
	ledger, err := ledgerOf(job)
	if err != nil {
		return none{}, err
	}
	if job.DryRun {
		return none{}, onItsWay(ctx, job, ledger, "resume")
	}
	note, err := traffic.ResumeShift(ctx, ledger)
	if err != nil {
		return none{}, err
	}
	job.Page.Verdict(summary.Good, "resume: the shift of release %s to %s goes on", note.Release, note.Candidate)
	return none{}, nil
}

func ledgerOf(job *action.Job) (traffic.Ledger, error) {
	b, err := connect.Balancer(job)
	return b.Ledger, err
}

// onItsWay says which shift it would be, without changing anything.
func onItsWay(ctx context.Context, job *action.Job, ledger traffic.Ledger, verb string) error {
	page, err := ledger.Read(ctx)
	if err != nil {
		return release.CannotTell("make the load balancer answer", "%s: read the ledger: %w", verb, err)
	}
	note, err := page.OnItsWay(verb)
	if err != nil {
		return err
	}
	job.Page.Verdict(summary.Skip, "%s: dry run; it would be the shift of release %s", verb, note.Release)
	return nil
}

// person is who asks.
func person(job *action.Job) string {
	host, _ := os.Hostname()
	name := "somebody"
	if who, err := user.Current(); err == nil {
		name = who.Username
	}
	return cmp.Or(job.Runner.Actor, name+" on "+host)
}
