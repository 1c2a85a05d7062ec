package finalize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// stop stops the old slot, and tries once how long the way back takes then: it is
// started, waited for, and stopped again. That it is stopped is written down
// before, so that no rollback gives its traffic to a slot that does not run.
func stop(ctx context.Context, job *action.Job, b traffic.Balancer, env *slot.Environment) error {
	old := env.Slot()
	if err := traffic.PutToSleep(ctx, b.Ledger, old); err != nil {
		return fmt.Errorf("stop %s: %w", old, err)
	}
	quieted, err := lie(ctx, b, env)
	if err != nil {
		return err
	}
	took, err := env.Wake(ctx)
	if err != nil {
		job.Findings.Show("D.1.s1", false, "%s does not start again: %v", old, err)
		return release.Refuse("repair the "+string(old)+" slot, or deploy the last good version to it: there is no way back until then",
			"%s was stopped, and does not start again: %w", old, err)
	}
	if err := traffic.WakeUp(ctx, b.Ledger, old, took, false); err != nil {
		return fmt.Errorf("write down how long the start of %s took: %w", old, err)
	}
	if _, err := lie(ctx, b, env); err != nil {
		return err
	}
	job.Page.Verdict(summary.Good, "finalize: %s is live on %s and the default; %s is stopped", job.Release.Version, old.Other(), old)
	said(job, old, quieted)
	job.Page.Say("The way back starts %s first: tried just now, that took %v. A warm slot would take over at once.", old, took.Round(100*time.Millisecond))
	job.Findings.Show("D.1.s1", true, "%s is stopped by choice; a start took %v until it was healthy", old, took.Round(time.Millisecond))
	job.Findings.Miss("1.3.s6", "the old slot was stopped by choice: the way back takes a start of %v", took.Round(100*time.Millisecond))
	return nil
}

// lie stops the slot, unless a rollback has woken it meanwhile. One that does so
// while it stops gets it back.
func lie(ctx context.Context, b traffic.Balancer, env *slot.Environment) (slot.Quieted, error) {
	if err := idles(ctx, b, env.Slot()); err != nil {
		return slot.Quieted{}, err
	}
	quieted, err := env.Idle(ctx, slot.Stop)
	if wanted := idles(ctx, b, env.Slot()); wanted != nil {
		_, wakeErr := env.Wake(ctx)
		return quieted, errors.Join(wanted, wakeErr)
	}
	if err != nil {
		return quieted, fmt.Errorf("stop %s: %w", env.Slot(), err)
	}
	return quieted, nil
}

// idles refuses a slot that has traffic, or that somebody has woken.
func idles(ctx context.Context, b traffic.Balancer, s release.Slot) error {
	page, err := b.Ledger.Read(ctx)
	if err != nil {
		return release.CannotTell("run finalize again", "stop %s: read the ledger: %w", s, err)
	}
	weights, err := b.Router.Weights(ctx)
	switch {
	case err != nil:
		return release.CannotTell("run finalize again", "stop %s: read the weights: %w", s, err)
	case weights.Of(s) != 0 || page.Good == nil || page.Good.Slot != s || !page.Good.Asleep:
		return release.Refuse("leave it running; finalize again when it is the good slot and has no traffic",
			"%s is not stopped: a rollback or another release has taken it, the traffic is %v", s, weights)
	}
	return nil
}

// rouse starts a slot that was stopped.
func rouse(ctx context.Context, b traffic.Balancer, env *slot.Environment) error {
	took, err := env.Wake(ctx)
	if err != nil {
		return fmt.Errorf("start %s: %w", env.Slot(), err)
	}
	return traffic.WakeUp(ctx, b.Ledger, env.Slot(), took, true)
}

// sleeping looks whether a good slot that was stopped could be started.
func sleeping(ctx context.Context, job *action.Job, page traffic.Page, env *slot.Environment) error {
	asleep, err := env.Asleep(ctx)
	if err == nil && !asleep {
		err = env.Healthy(ctx) // somebody has started it, which is as good
	}
	last := "no start was ever timed"
	if page.Woke != nil {
		last = "the last start took " + page.Woke.String()
	}
	job.Findings.Show("D.1.v2", err == nil, "%s is stopped by choice: %s", page.Good.Slot, last)
	if err == nil {
		job.Page.Verdict(summary.Good, "finalize: the good slot, %s, is stopped by choice, and has all its containers; %s", page.Good.Slot, last)
	}
	return err
}
