package cleanup

import (
	"cmp"
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Destroy removes what was live before: containers, networks and images of the idle
// slot, when the window is over. The slot itself stays: its hosts, its addresses, its
// volumes. After that there is no way back but another release. What is returned
// beside an error is gone, too.
func (c Cleaner) Destroy(ctx context.Context) (Done, error) {
	if err := c.returned(ctx); err != nil {
		return Done{}, err
	}
	s, page, err := c.state(ctx)
	if err == nil {
		err = s.waited(c.Settings.Window, "the end of the way back")
	}
	done := Done{Live: s.live, Slot: s.idle()}
	if err != nil {
		return Done{Live: s.live}, err
	}
	claim := page.Claims[s.idle()]
	good := cmp.Or(claim.Retires, page.Good)
	if good == nil || good.Slot != s.idle() {
		return Done{Live: s.live}, notDue("nothing is kept to go back to: the %s slot was given up before, or never held anything", s.idle())
	}
	env, err := c.Slot(ctx, s.idle())
	if err != nil {
		return done, err
	}
	if err := c.needed(ctx, s, env, claim); err != nil {
		return done, err
	}
	done.Retired = good.Release
	all, err := env.Of(ctx, good.Release)
	if err != nil {
		return done, err
	}
	if c.Dry {
		return done, c.list(ctx, env, all, &done)
	}
	if err := c.remove(ctx, s, env, &done); err != nil {
		return done, fmt.Errorf("destroy what is in the %s slot: %w", s.idle(), err)
	}
	err = traffic.Retired(ctx, c.Balancer.Ledger, s.idle())
	c.show(func(found *release.Findings) {
		found.Show("D.1.v4", err == nil, "the window of %v was over; nothing was removed before", c.Settings.Window)
		found.Show("D.2.5", err == nil, "%d containers and %d networks of %s removed, without traffic; volumes and addresses stay", len(done.Containers), len(done.Networks), s.idle())
	})
	return done, err
}

// list says what would go.
func (c Cleaner) list(ctx context.Context, env *slot.Environment, all []slot.Container, done *Done) (err error) {
	done.Containers = all
	if done.Networks, err = env.Networks(ctx, all); err != nil {
		return err
	}
	return c.images(ctx, env, done)
}

// remove closes the way back, stops, looks once more, and removes. What fails before
// anything may be gone opens the way back again.
func (c Cleaner) remove(ctx context.Context, s state, env *slot.Environment, done *Done) error {
	good, err := traffic.Retire(ctx, c.Balancer.Ledger, s.idle(), s.live, func(page traffic.Page) error {
		now, err := look(page, release.Split(s.slot, 100), c.Settings.Window) // the weights are read below, when no rollback is on its way any more
		if err == nil && (now.live != s.live || now.slot != s.slot) {
			err = notDue("release %s was live in %s a moment ago, and now it is release %s in %s", s.live, s.slot, now.live, now.slot)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := c.still(ctx, s, env, good.Release); err != nil {
		if backErr := c.giveBack(ctx, s.idle(), env); backErr != nil {
			return fmt.Errorf("%v; then: %w", err, backErr)
		}
		return err
	}
	done.Containers, done.Networks, err = env.Clear(ctx, good.Release)
	if err != nil {
		return err
	}
	return c.images(ctx, env, done)
}

// still stops the slot, and looks at the traffic before and after that.
func (c Cleaner) still(ctx context.Context, s state, env *slot.Environment, id release.ID) error {
	pause, cancel := context.WithTimeout(ctx, cmp.Or(c.Pause, c.Balancer.LateRollback()))
	defer cancel()
	<-pause.Done()
	if err := c.silent(ctx, s); err != nil {
		return err
	}
	if err := c.begin(ctx, s, traffic.Stopping); err != nil {
		return err
	}
	if err := env.Still(context.WithoutCancel(ctx), id); err != nil { // the engine would go on, and stop what is given back
		return err
	}
	if err := c.silent(ctx, s); err != nil {
		return err
	}
	return c.begin(ctx, s, traffic.Removing)
}

// silent refuses to go on when the traffic has come to the slot after all, as by a
// rollback that was forced, and when the run was told to end.
func (c Cleaner) silent(ctx context.Context, s state) error {
	if ctx.Err() != nil {
		return fmt.Errorf("told to end: %w", context.Cause(ctx))
	}
	_, weights, err := c.read(ctx)
	if err == nil && weights.Of(s.idle()) != 0 {
		err = release.Refuse("see who has moved the traffic", "the %s slot has %v of the traffic again: nothing more is removed", s.idle(), weights.Of(s.idle()))
	}
	return err
}

// begin writes down what comes next, unless the slot is not this run's any more.
func (c Cleaner) begin(ctx context.Context, s state, next traffic.Clearing) error {
	now, err := traffic.BeginClearing(ctx, c.Balancer.Ledger, s.idle(), next)
	switch {
	case err != nil || now.Retires != nil:
		return err
	case now.Release != "":
		return notDue("release %s has claimed the %s slot meanwhile", now.Release, s.idle())
	}
	return notDue("another clean-up has ended this one, or the %s slot is the way back again", s.idle())
}
