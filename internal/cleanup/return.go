package cleanup

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// needed refuses while what is live is not healthy: now is when somebody needs the way
// back. One that a run before this has closed is opened again; where some of the slot
// may be gone there is none to keep.
func (c Cleaner) needed(ctx context.Context, s state, env *slot.Environment, claim traffic.Claim) error {
	if claim.Clearing == traffic.Removing {
		return nil
	}
	live, err := c.Slot(ctx, s.slot)
	if err == nil {
		err = live.Healthy(ctx)
	}
	if err == nil {
		return nil
	}
	err = release.Refuse("repair what is live, or roll back; the next run of cleanup goes on", "the way back to %s stays, since what is live is not well: %w", s.idle(), err)
	if claim.Retires != nil && !c.Dry {
		err = errors.Join(err, c.giveBack(ctx, s.idle(), env))
	}
	return err
}

// returned gives a slot back that a run which was killed has given up, where the
// traffic is in it by now.
func (c Cleaner) returned(ctx context.Context) error {
	page, weights, err := c.read(ctx)
	if err != nil || c.Dry {
		return err
	}
	for _, s := range release.Slots {
		if page.Claims[s].Retires == nil || weights.Of(s) == 0 {
			continue
		}
		env, slotErr := c.Slot(ctx, s)
		if slotErr == nil {
			slotErr = c.giveBack(ctx, s, env)
		}
		err = errors.Join(err, slotErr)
	}
	return err
}

// giveBack makes a slot the way back again: in the ledger first, so that a rollback
// knows at once that it may have to be started, and then it is started. A slot that a
// release has by now is left to it. It is done although the run was told to end.
func (c Cleaner) giveBack(ctx context.Context, s release.Slot, env *slot.Environment) error {
	ctx = context.WithoutCancel(ctx)
	page, weights, err := c.read(ctx)
	claim, torn := page.Claims[s], page.Claims[s].Clearing == traffic.Removing
	ours := claim.Retires != nil || page.Good != nil && page.Good.Slot == s
	if err == nil && weights.Of(s) == 0 && (torn || !ours) {
		return nil
	}
	if err := c.write(ctx, func(ctx context.Context) error { return traffic.Reopen(ctx, c.Balancer.Ledger, s) }); err != nil {
		return fmt.Errorf("open the way back to %s again: %w", s, err)
	}
	if claim.Retires != nil && claim.Clearing == "" {
		return nil // nothing was stopped
	}
	took, err := env.Wake(ctx)
	switch {
	case torn:
		return errors.Join(release.Refuse("give the traffic to the other slot: bluegreen rollback --force "+string(s.Other()),
			"the %s slot has %v of the traffic, and some of what was in it may be removed", s, weights.Of(s)), err)
	case err != nil:
		return fmt.Errorf("start what was stopped in %s: %w", s, err)
	}
	return c.write(ctx, func(ctx context.Context) error { return traffic.WakeUp(ctx, c.Balancer.Ledger, s, took, true) })
}

func (c Cleaner) write(ctx context.Context, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, errors.New("the ledger took too long"))
	defer cancel()
	return change(ctx)
}
