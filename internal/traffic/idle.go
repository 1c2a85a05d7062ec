package traffic

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settler makes a slot with all the traffic the one that a load balancer starts
// with, and removes what is left of the shift. It moves no traffic, refuses a
// slot that has not all of it, and may be repeated.
type Settler interface {
	Settle(ctx context.Context, live release.Slot) error
}

// Idle ends the shift of a release for good: its slot becomes the default of
// the load balancer, and the slot beside it is idle. The way back stays open.
// It may be repeated. It refuses a release that has not all the traffic, and one
// whose last step is not over.
func Idle(ctx context.Context, b Balancer, id release.ID, live release.Slot, found *release.Findings) error {
	page, err := within(ctx, callTime, "reading the ledger", b.Ledger.Read)
	if err != nil {
		return release.CannotTell("repair the ledger", "idle: read the ledger: %w", err)
	}
	switch shift := page.Shift; {
	case shift == nil || shift.Release != id || shift.Candidate != live:
		return release.Refuse("finalize the release that was shifted last", "idle: release %s was not the last to be shifted to the %s slot", id, live)
	case shift.Finished.IsZero():
		return release.Refuse("run the shift again: it goes on where it was", "idle: the shift of release %s is not finished", id)
	}
	if err := settled(ctx, b, live); err != nil {
		return err
	}
	if err := b.settle(ctx, live); err != nil {
		return err
	}
	if found != nil {
		found.Show("D.1.v1", true, "the %s slot has all the traffic and is the default; the %s slot is idle", live, live.Other())
	}
	return nil
}

func (b Balancer) settle(ctx context.Context, live release.Slot) error {
	if b.Settler == nil {
		return nil
	}
	err := call(ctx, callTime, "making the slot the default", func(ctx context.Context) error { return b.Settler.Settle(ctx, live) })
	if err != nil {
		return release.CannotTell("run finalize again", "idle: make the %s slot the default: %w", live, err)
	}
	return settled(ctx, b, live)
}

func settled(ctx context.Context, b Balancer, live release.Slot) error {
	weights, err := within(ctx, callTime, "reading the weights", b.Router.Weights)
	switch {
	case err != nil:
		return release.CannotTell("make the load balancer answer", "idle: read the weights: %w", err)
	case weights.Of(live) != 100:
		return release.Refuse("shift the traffic first, or leave the slots as they are after a rollback",
			"idle: the %s slot has %v of the traffic: want 100%%", live, weights.Of(live))
	}
	return nil
}
