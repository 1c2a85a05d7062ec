package traffic

import (
	"context"
	"maps"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Clearing is how far the clean-up of a slot that was given up has come.
type Clearing string

// A slot that is only given up runs as before, and a release may have it at once.
const (
	Stopping Clearing = "stopping" // whole, but it may have to be started before it gets traffic
	Removing Clearing = "removing" // some of it may be gone
)

// Retire gives the good slot up, before anything in it is stopped: it is claimed in
// the name of the release that is live, and no way back goes there any more. Due is
// asked with the page as it is then; its error is returned, and nothing written. Where
// the slot was given up before, by a process that was killed, the same is returned
// again. Retired ends it, and Reopen undoes it.
func Retire(ctx context.Context, ledger Ledger, slot release.Slot, live release.ID, due func(Page) error) (good Good, err error) {
	err = ledger.Update(ctx, func(p *Page) error {
		if err := due(*p); err != nil {
			return err
		}
		if c := p.Claims[slot]; c.Retires != nil {
			good = *c.Retires
			return nil
		}
		if p.Good == nil || p.Good.Slot != slot {
			return release.Refuse("leave it as it is", "the %s slot is not the good one: there is nothing to give up", slot)
		}
		good = *p.Good
		at := now()
		p.claim(slot, Claim{Release: live, At: at, Retires: p.Good})
		p.Good = nil
		p.closed(at)
		return nil
	})
	return good, err
}

// BeginClearing writes down how far the clean-up of a slot that was given up has come, before
// it goes there. From then on no release takes the slot unless it takes it over. The
// claim is returned as it is then; one that retires nothing was left alone, and the
// slot is not to be touched: a release has claimed it, or no clean-up goes on.
func BeginClearing(ctx context.Context, ledger Ledger, slot release.Slot, to Clearing) (c Claim, err error) {
	err = ledger.Update(ctx, func(p *Page) error {
		if c = p.Claims[slot]; c.Retires == nil || c.Clearing == Removing { // which stays true after a kill
			return nil
		}
		c.Clearing = to
		p.claim(slot, c)
		return nil
	})
	return c, err
}

// Reopen makes a slot that was given up the good one again, unless some of it may be
// gone. One that may have been stopped is asleep: WakeUp, when it has been started.
func Reopen(ctx context.Context, ledger Ledger, slot release.Slot) error {
	return ledger.Update(ctx, func(p *Page) error {
		c := p.Claims[slot]
		if c.Retires == nil || c.Clearing == Removing {
			return nil
		}
		good := *c.Retires
		good.Asleep = good.Asleep || c.Clearing == Stopping
		p.Good = &good
		p.unclaim(slot)
		p.closed(time.Time{})
		return nil
	})
}

// Retired ends the clean-up of a slot: it is free. A release's claim is left alone.
func Retired(ctx context.Context, ledger Ledger, slot release.Slot) error {
	return ledger.Update(ctx, func(p *Page) error {
		if p.Claims[slot].Retires != nil {
			p.unclaim(slot)
		}
		return nil
	})
}

func (p *Page) claim(slot release.Slot, c Claim) {
	p.Claims = maps.Clone(p.Claims)
	if p.Claims == nil {
		p.Claims = map[release.Slot]Claim{}
	}
	p.Claims[slot] = c
}

func (p *Page) unclaim(slot release.Slot) {
	p.Claims = maps.Clone(p.Claims)
	delete(p.Claims, slot)
}

func (p *Page) closed(at time.Time) {
	if p.Shift != nil {
		shift := *p.Shift
		shift.Closed = at
		p.Shift = &shift
	}
}

// Busy is the claim of a release that is on its way, if there is one. A claim that was
// yielded, and that of a slot that is given up, are no release on its way.
func (p Page) Busy() (release.Slot, Claim, bool) {
	for _, s := range release.Slots {
		if c, taken := p.Claims[s]; taken && !c.Yielded && c.Retires == nil {
			return s, c, true
		}
	}
	return "", Claim{}, false
}

// Retiring is the claim on a slot that is given up, if there is one.
func (p Page) Retiring() (release.Slot, Claim, bool) {
	for _, s := range release.Slots {
		if c := p.Claims[s]; c.Retires != nil {
			return s, c, true
		}
	}
	return "", Claim{}, false
}

// LateRollback is for how long a rollback that began to read the ledger may still
// write: one read of it, the question to a slot that nobody has watched, and all that
// the move may take, which includes what the load balancer takes to settle. Whoever
// gives the good slot up waits as long before it believes the weights. A slot that has
// to be started takes longer, and the ledger is read again then.
func (b Balancer) LateRollback() time.Duration {
	return restoreTime + coldTime + 2*backTime + b.Settles
}
