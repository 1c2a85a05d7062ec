package finalize

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// check looks whether the good slot could take all the traffic now.
func check(ctx context.Context, job *action.Job, b traffic.Balancer) error {
	page, err := b.Ledger.Read(ctx)
	if err != nil {
		return release.CannotTell("repair the ledger", "read the good slot: %w", err)
	}
	if page.Good == nil {
		job.Findings.Miss("D.1.v2", "no good slot is written down")
		return noWayBack(job, page)
	}
	env, err := connect.Slot(ctx, job, page.Good.Slot)
	if err != nil {
		return err
	}
	if page.Good.Asleep {
		return sleeping(ctx, job, page, env)
	}
	err = env.Healthy(ctx)
	job.Findings.Show("D.1.v2", err == nil, "%s: %s", page.Good.Slot, healthWords(err))
	if err == nil {
		job.Page.Verdict(summary.Good, "finalize: the good slot, %s, can take all the traffic", page.Good.Slot)
	}
	return err
}

// noWayBack is a finding, unless a release is on its way or was the first, or its
// window is over.
func noWayBack(job *action.Job, page traffic.Page) error {
	if s, claim, retiring := page.Retiring(); retiring {
		job.Page.Verdict(summary.Warn, "finalize: there is no way back now: what was in %s is being removed since %s; the next clean-up goes on with it, or opens the way back again where what is live is not well", s, claim.At.Format(time.RFC3339))
		return nil
	}
	if window := job.Config.Cleanup.Window; window > 0 && page.Shift != nil && !page.Shift.Finished.IsZero() && time.Since(page.Shift.Finished) >= window {
		job.Page.Verdict(summary.Skip, "finalize: release %s is live for longer than %v, the window of the way back; nothing is kept to go back to", page.Shift.Release, window)
		return nil
	}
	if len(page.Claims) > 0 || page.Shift == nil || !page.Shift.Finished.IsZero() && page.Good == nil {
		job.Page.Verdict(summary.Warn, "finalize: there is no way back now: no good slot is written down, as during a release and after a first one")
		return nil
	}
	return release.Refuse("deploy the last good version to the idle slot, or release again", "there is no way back: no good slot is written down")
}

func healthWords(err error) string {
	if err == nil {
		return "every container of it runs and is healthy"
	}
	return err.Error()
}
