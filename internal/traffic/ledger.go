package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Ledger keeps the one page of what cannot be observed, durably, beside the
// load balancer.
type Ledger interface {
	// Read returns the page; an empty one where nothing was written yet. An
	// unreadable page is an error.
	Read(ctx context.Context) (Page, error)

	// Update changes the page under a lock that all processes share. An error of
	// change is returned as it is, and then nothing is written.
	Update(ctx context.Context, change func(*Page) error) error
}

// Page is what is written down.
type Page struct {
	Good   *Good                  `json:"good,omitempty"`   // nil: there is no way back
	Shift  *Note                  `json:"shift,omitempty"`  // the last shift that moved traffic
	Claims map[release.Slot]Claim `json:"claims,omitempty"` // by candidate slot
}

// Good is the slot to go back to, and what it runs. It is written before the
// first weight of a shift.
type Good struct {
	Slot    release.Slot              `json:"slot"`
	Release release.ID                `json:"release,omitempty"` // empty for an adopted application
	Images  map[string]release.Digest `json:"images,omitempty"`
	At      time.Time                 `json:"at"`
}

// Note is a shift that moved traffic, finished or not.
type Note struct {
	Release   release.ID   `json:"release"`
	Candidate release.Slot `json:"candidate"`
	Started   time.Time    `json:"started"`
	Finished  time.Time    `json:"finished,omitzero"` // zero until 100 % has been baked
}

// Claim is the release that a slot is being made ready for. It has no expiry.
type Claim struct {
	Release release.ID `json:"release"`
	At      time.Time  `json:"at"`
	Yielded bool       `json:"yielded,omitempty"` // rolled back: it may go on when it is run again, and any other may take the slot
}

// DecodePage reads a page. Nothing at all is an empty page; rubbish is refused,
// and so is a page that names no slot where it must.
func DecodePage(text []byte) (Page, error) {
	var p Page
	if len(text) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return Page{}, fmt.Errorf("decode ledger: %w", err)
	}
	return p, p.check()
}

// Encode returns the page as indented JSON, for people in a hurry.
func (p Page) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode ledger: %w", err)
	}
	return append(text, '\n'), nil
}

func (p Page) check() error {
	if p.Good != nil && p.Good.Slot == "" {
		return fmt.Errorf("decode ledger: the good slot has no name")
	}
	if p.Shift != nil && (p.Shift.Release == "" || p.Shift.Candidate == "") {
		return fmt.Errorf("decode ledger: the shift has no release or no candidate")
	}
	for slot, c := range p.Claims {
		if c.Release == "" {
			return fmt.Errorf("decode ledger: the claim on %s has no release", slot)
		}
	}
	return nil
}

// Claimed refuses a release that does not hold the claim on the slot.
func (p Page) Claimed(slot release.Slot, id release.ID) error {
	switch have, ok := p.Claims[slot]; {
	case !ok:
		return release.Refuse("start a new release: this one has been finished or given up",
			"release %s is superseded: nobody claims the %s slot", id, slot)
	case have.Release != id:
		return release.Refuse("let the newer release finish, or start a new one",
			"release %s is superseded: release %s claims the %s slot", id, have.Release, slot)
	}
	return nil
}

// TakeClaim claims the slot for a release; again for the same one changes
// nothing. Another's claim is refused unless takeOver. Claiming the good slot
// closes the way back to it, since it is about to be replaced.
func TakeClaim(ctx context.Context, ledger Ledger, slot release.Slot, id release.ID, takeOver bool) error {
	return ledger.Update(ctx, func(p *Page) error {
		have, taken := p.Claims[slot]
		switch {
		case taken && have.Release == id && !have.Yielded:
			return nil
		case taken && have.Release != id && !have.Yielded && !takeOver:
			return release.Refuse("wait for that release, or take the slot over from it explicitly",
				"claim the %s slot for release %s: release %s has claimed it at %s", slot, id, have.Release, have.At.Format(time.RFC3339))
		}
		if p.Good != nil && p.Good.Slot == slot {
			p.Good = nil
		}
		p.Claims = maps.Clone(p.Claims)
		if p.Claims == nil {
			p.Claims = map[release.Slot]Claim{}
		}
		p.Claims[slot] = Claim{Release: id, At: now()}
		return nil
	})
}

// YieldClaim lets another release have the slot, after a rollback. The release
// keeps it for as long as no other takes it. It reports whether the claim is
// this release's at all; another's is left alone.
func YieldClaim(ctx context.Context, ledger Ledger, slot release.Slot, id release.ID) (ours bool, err error) {
	err = ledger.Update(ctx, func(p *Page) error {
		have, taken := p.Claims[slot]
		if ours = taken && have.Release == id; ours {
			p.Claims = maps.Clone(p.Claims)
			have.Yielded = true
			p.Claims[slot] = have
		}
		return nil
	})
	return ours, err
}

// DropClaim gives the slot up. Another release's claim is left alone.
func DropClaim(ctx context.Context, ledger Ledger, slot release.Slot, id release.ID) error {
	return ledger.Update(ctx, func(p *Page) error {
		if p.Claims[slot].Release == id {
			p.Claims = maps.Clone(p.Claims)
			delete(p.Claims, slot)
		}
		return nil
	})
}

// now is the time to write down: UTC, to the nanosecond, so that it can be
// compared with what an outside observer has recorded.
func now() time.Time { return time.Now().UTC() }
