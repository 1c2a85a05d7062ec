package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var adoptCommand = action.New(action.About{
	Name: "adopt", Summary: "Makes an application that runs behind the load balancer the slot to go back to, so that its next version is no first release; touches neither its containers nor the traffic.",
	Settings: []string{"router", "routers", "slots"},
	Quiet:    []string{"application", "images", "registry", "shift"},
	Looks:    true,
}, adopt)

// adoptTime is how long each look may take.
const adoptTime = 30 * time.Second

// adoption is a running application, and where it is.
type adoption struct {
	job      *action.Job
	balancer traffic.Balancer
	live     release.Slot
}

// adopt looks whether the slot with all the traffic is one that a rollback could go
// back to, and writes it down.
func adopt(ctx context.Context, job *action.Job, _ none) (none, error) {
	a := adoption{job: job}
	var err error
	if a.balancer, err = connect.Balancer(job); err != nil {
		return none{}, err
	}
	weights, err := a.balancer.Router.Weights(ctx)
	if err != nil {
		return none{}, release.CannotTell("install the load balancer's configuration first, with --live for the slot that the application is to be, such as bluegreen nginx install --live blue", "read the weights: %w", err)
	}
	live, whole := weights.Live()
	if !whole {
		return none{}, release.Refuse("let one slot have all the traffic", "the traffic is %v: no slot is the one that the application is", weights)
	}
	a.live, job.Release.Good = live, live
	report := preflight.Run(ctx, adoptTime, a.probes())
	return none{}, a.write(ctx, report)
}

func (a adoption) write(ctx context.Context, report preflight.Report) error {
	err := report.Err()
	if err == nil && !a.job.DryRun {
		err = a.record(ctx)
	}
	switch page := a.job.Page; {
	case err != nil:
		page.Verdict(summary.Bad, "adopt: what has the traffic as %s is not adopted; nothing was changed", a.live)
	case a.job.DryRun:
		page.Verdict(summary.Skip, "adopt: %s would be written down as live and good; nothing was changed", a.live)
	default:
		page.Verdict(summary.Good, "adopt: %s is live, and written down as the slot to go back to", a.live)
		page.Next(fmt.Sprintf("Release the next version without first-release: it goes to %s, and a rollback comes back to %s.", a.live.Other(), a.live))
	}
	connect.Probes(a.job.Page, report)
	return err
}

func (a adoption) record(ctx context.Context) error {
	good, err := connect.Good(ctx, a.job)
	if err != nil {
		return err
	}
	return traffic.Adopt(ctx, a.balancer.Ledger, *good)
}

func (a adoption) probes() []preflight.Probe {
	project := fmt.Sprintf("slots.%s.project", a.live)
	return []preflight.Probe{
		preflight.Balancer(a.switched),
		{Name: "ledger", Remedy: "repair the ledger beside the load balancer", Look: a.unreleased},
		{Name: "application", Remedy: "name its compose project in " + project + ", as docker compose ls has it, and start what is stopped", Look: a.runs},
		{Name: "own containers", Remedy: fmt.Sprintf("list the compose files of the application in slots.%s.compose", a.live), Look: a.owns},
		{Name: "addresses", Remedy: fmt.Sprintf("give the addresses that the application has in slots.%s.services", a.live), Look: a.answers},
		{Name: "idle slot", Remedy: fmt.Sprintf("give %s a compose project and addresses of its own, which nothing else uses", a.live.Other()), Look: a.vacant},
	}
}

func (a adoption) switched(ctx context.Context) (string, error) {
	if err := connect.Try(ctx, a.balancer); err != nil {
		return "", err
	}
	share, err := a.balancer.Observer.Observe(ctx, a.job.Config.Shift.Observe)
	if err == nil && !share.Fits(release.Split(a.live, 100)) {
		err = fmt.Errorf("it is set to send everybody to %s, and sends %v", a.live, share)
	}
	return fmt.Sprintf("%s can be switched, and sends new clients to %v", a.balancer.Name, share), err
}

func (a adoption) unreleased(ctx context.Context) (string, error) {
	page, err := a.balancer.Ledger.Read(ctx)
	if err != nil {
		return "", err
	}
	return "no release has moved the traffic yet", page.Adoptable()
}
