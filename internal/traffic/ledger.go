package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
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

	Revision uint64 `json:"revision,omitempty"` // grows with each change, so that the newest of several balancers' copies is known
	Woke     *Woke  `json:"woke,omitempty"`     // the last start of a slot that was stopped; nil when none was ever tried
}

// Good is the slot to go back to, and what it runs. It is written before the
// first weight of a shift.
type Good struct {
	Slot    release.Slot              `json:"slot"`
	Release release.ID                `json:"release,omitempty"` // empty for an adopted application
	Images  map[string]release.Digest `json:"images,omitempty"`
	At      time.Time                 `json:"at"`
	Asleep  bool                      `json:"asleep,omitempty"` // stopped by choice: it has to be started before it gets traffic
}

// Woke is how long a stopped slot took from its start until it was healthy.
type Woke struct {
	Slot release.Slot  `json:"slot"`
	Took time.Duration `json:"took"` // nanoseconds
	At   time.Time     `json:"at"`
}

// String prints the time, the slot and the day.
func (w Woke) String() string {
	return fmt.Sprintf("%v for %s on %s", w.Took.Round(100*time.Millisecond), w.Slot, w.At.Format(time.DateOnly))
}

// Note is a shift that moved traffic, finished or not.
type Note struct {
	Release   release.ID   `json:"release"`
	Candidate release.Slot `json:"candidate"`
	Started   time.Time    `json:"started"`
	Finished  time.Time    `json:"finished,omitzero"` // zero until 100 % has been baked
	Closed    time.Time    `json:"closed,omitzero"`   // when the slot before it was given up, at the end of its window; zero while it was not

	Paused *Pause         `json:"paused,omitempty"` // by a person, until somebody resumes it
	Back   *Back          `json:"back,omitempty"`   // nil while its traffic was not taken back
	Held   release.Weight `json:"held,omitempty"`   // of the last step that was held as its configuration says
	Before *gate.Flow     `json:"before,omitempty"` // what the good slot was asked before the first weight
}

// Claim is the release that a slot is being made ready for. It has no expiry.
type Claim struct {
	Release release.ID `json:"release"`
	At      time.Time  `json:"at"`
	Yielded bool       `json:"yielded,omitempty"` // rolled back: it may go on when it is run again, and any other may take the slot

	Retires  *Good    `json:"retires,omitempty"`  // the good slot, given up at the end of its window: what is in it is being removed
	Clearing Clearing `json:"clearing,omitempty"` // how far that has come; empty while nothing was touched
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
	const another = "let the newer release finish, or start a new one"
	switch have, ok := p.Claims[slot]; {
	case !ok && p.Shift != nil && p.Shift.Candidate == slot && p.Shift.Release != id:
		return release.Refuse(another, "%w", &Superseded{id, p.Shift.Release, "went to the " + string(slot) + " slot, which nobody claims any more"})
	case !ok:
		return release.Refuse("start a new release: this one has been finished or given up",
			"release %s has no claim on the %s slot any more", id, slot)
	case have.Release != id:
		return release.Refuse(another, "%w", &Superseded{id, have.Release, "claims the " + string(slot) + " slot"})
	}
	return nil
}

// Free refuses a slot that another release has claimed and not yielded, and one whose
// clean-up has begun to stop what is in it.
func (p Page) Free(slot release.Slot, id release.ID) error {
	have, taken := p.Claims[slot]
	switch {
	case have.Clearing != "":
		return release.Refuse("wait until the clean-up is over, run finalize with the stage destroy to end one that was killed, or take the slot over",
			"what was in the %s slot is being removed since %s", slot, have.At.Format(time.RFC3339))
	case !taken || have.Yielded || have.Release == id || have.Retires != nil:
		return nil
	}
	return release.Refuse("wait for that release, roll it back, or set take-over",
		"release %s has claimed the %s slot at %s", have.Release, slot, have.At.Format(time.RFC3339))
}

// TakeClaim claims the slot for a release; again for the same one changes
// nothing. Another's claim is refused unless takeOver. Claiming the good slot
// closes the way back to it, since it is about to be replaced.
func TakeClaim(ctx context.Context, ledger Ledger, slot release.Slot, id release.ID, takeOver bool) error {
	return ledger.Update(ctx, func(p *Page) error {
		have, taken := p.Claims[slot]
		if taken && have.Release == id && !have.Yielded && have.Retires == nil {
			return nil
		}
		if err := p.Free(slot, id); err != nil && !takeOver {
			return err
		}
		if p.Good != nil && p.Good.Slot == slot {
			p.Good = nil
		}
		p.claim(slot, Claim{Release: id, At: now()})
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
			have.Yielded = true
			p.claim(slot, have)
		}
		return nil
	})
	return ours, err
}

// DropClaim gives the slot up. Another release's claim is left alone.
func DropClaim(ctx context.Context, ledger Ledger, slot release.Slot, id release.ID) error {
	return ledger.Update(ctx, func(p *Page) error {
		if p.Claims[slot].Release == id {
			p.unclaim(slot)
		}
		return nil
	})
}

// PutToSleep writes down that the good slot is about to be stopped, before it is,
// so that no way back gives its traffic to a slot that does not run. It refuses a
// slot that is not the good one.
func PutToSleep(ctx context.Context, ledger Ledger, slot release.Slot) error {
	return ledger.Update(ctx, func(p *Page) error {
		if p.Good == nil || p.Good.Slot != slot {
			return release.Refuse("leave it as it is", "the %s slot is not the good one: it cannot be put to sleep", slot)
		}
		sleeping := *p.Good
		sleeping.Asleep = true
		p.Good = &sleeping
		return nil
	})
}

// WakeUp writes down that a slot was started and is healthy, and how long that
// took. A slot that is to stay awake is no longer asleep.
func WakeUp(ctx context.Context, ledger Ledger, slot release.Slot, took time.Duration, stay bool) error {
	return ledger.Update(ctx, func(p *Page) error {
		p.Woke = &Woke{slot, took, now()}
		if stay && p.Good != nil && p.Good.Slot == slot {
			awake := *p.Good
			awake.Asleep = false
			p.Good = &awake
		}
		return nil
	})
}

// now is the time to write down: UTC, to the nanosecond, so that it can be
// compared with what an outside observer has recorded.
func now() time.Time { return time.Now().UTC() }
