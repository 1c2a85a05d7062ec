package cleanup

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// NotDue is why there is nothing to do yet, or nothing to do. It is a refusal.
type NotDue struct {
	Why   string
	Stale string // what to do about a claim that nobody has ended for longer than the window; empty without one
}

func (n *NotDue) Error() string { return n.Why }

func notDue(format string, args ...any) error {
	return release.Refuse("leave it to the hourly run of cleanup, which does what is due", "%w", &NotDue{Why: fmt.Sprintf(format, args...)})
}

// state is what can be cleaned up after.
type state struct {
	live  release.ID   // the release that has all the traffic
	slot  release.Slot // where it is
	since time.Time
}

// look says after which release to clean up, and refuses while one is on its way, or
// where the traffic is not all at the one that was shifted last.
func look(page traffic.Page, w release.Weights, window time.Duration) (state, error) {
	shift := page.Shift
	if shift == nil {
		return state{}, notDue("no release has been shifted yet: there is nothing to clean up after")
	}
	s, claim, busy := page.Busy()
	switch back := shift.Back != nil && w.Of(shift.Candidate) == 0; {
	case back && (!busy || claim.Release == shift.Release):
		return state{}, takenBack(*shift, busy && time.Since(claim.At) > window)
	case busy:
		return state{}, onItsWay(s, claim, window)
	case shift.Finished.IsZero():
		return state{}, notDue("the shift of release %s is not finished", shift.Release)
	}
	if w.Of(shift.Candidate) != 100 {
		return state{}, notDue("the traffic is %v, and not all at release %s in the %s slot: what is left of it stays, so that somebody can look", w, shift.Release, shift.Candidate)
	}
	return state{shift.Release, shift.Candidate, shift.Finished}, nil
}

// takenBack is the refusal after a shift that was rolled back. Waiting never ends it,
// and a claim that it left is forgotten after a while.
func takenBack(shift traffic.Note, forgotten bool) error {
	left := &NotDue{Why: fmt.Sprintf("the last shift, of release %s, was %v: what is left of it in the %s slot stays, so that somebody can look, until the next release replaces it", shift.Release, shift.Back, shift.Candidate)}
	if forgotten {
		left.Stale = "give its slot to the next release: bluegreen rollback"
	}
	return release.Refuse("start the next release; where this one still claims its slot, bluegreen rollback gives it back", "%w", left)
}

// onItsWay is the refusal while a release has a slot. One that was forgotten would keep
// everything for ever, in silence.
func onItsWay(s release.Slot, claim traffic.Claim, window time.Duration) error {
	busy := &NotDue{Why: fmt.Sprintf("release %s claims the %s slot since %s: nothing is removed while a release is on its way, or not finalized", claim.Release, s, claim.At.UTC().Format(time.RFC3339))}
	hint := "let that release finish"
	if time.Since(claim.At) > window {
		run := string(claim.Release[strings.LastIndex(string(claim.Release), "-")+1:])
		busy.Stale = fmt.Sprintf("approve or reject what it waits for, or go on with its failed jobs: gh run rerun %s --failed; or let the next release take its slot over, with take-over", run)
		hint = busy.Stale
	}
	return release.Refuse(hint, "%w", busy)
}

// idle is the slot beside it.
func (s state) idle() release.Slot { return s.slot.Other() }

// waited refuses before a time has passed. A clock that is behind makes it later.
func (s state) waited(d time.Duration, what string) error {
	if due := s.since.Add(d); time.Now().Before(due) {
		return notDue("%s is due %v after release %s had all the traffic: at %s", what, d, s.live, due.UTC().Format(time.RFC3339))
	}
	return nil
}
