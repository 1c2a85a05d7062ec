package traffic

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Adopt writes down an application that no release has put there: the slot with all
// the traffic, as the good one, so that a rollback knows it before the first release.
// Again for the same slot it writes down what runs there now. It refuses where a
// release has moved the traffic or is on its way, since that has written down more.
func Adopt(ctx context.Context, ledger Ledger, live Good) error {
	return ledger.Update(ctx, func(p *Page) error {
		if err := p.Adoptable(); err != nil {
			return err
		}
		p.Good = &live
		return nil
	})
}

// Adoptable refuses a page on which a release has written.
func (p Page) Adoptable() error {
	if p.Shift != nil {
		return release.Refuse("go on with releases; bluegreen status says what is live",
			"nothing is left to adopt: release %s has moved the traffic", p.Shift.Release)
	}
	if slot, c, busy := p.Busy(); busy {
		return release.Refuse("let that release finish, or roll it back", "release %s has claimed the %s slot", c.Release, slot)
	}
	return nil
}
