package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Guard watches the lease of one shift from another process, and takes the
// traffic back when the shift is gone without having said so: its runner was
// lost.
type Guard struct {
	Owner  Owner         // whose lease is watched; Process is how its name begins, such as "attempt 2,"
	Lease  Fence         // where it is
	Appear time.Duration // how long it may take until the shift holds it, which may wait for another release's
	Tick   time.Duration // between two looks
	Back   Rollback      // what is done when it expires
}

// blindFor is how long a store may not answer before a guard gives up. It says
// nothing about the shift, so it is no reason to touch the traffic.
const blindFor = 5 * time.Minute

// Watched is how a guard ended.
type Watched struct {
	Text  string // what was seen
	Tried bool   // a rollback was run
	Back  *Way   // the way back, nil when none was needed
	Again error  // after a rollback: why the guard is to be run again, beside the shift
}

// Run watches until the lease has ended. It returns quietly when the shift has
// finished, or can be no more. It refuses every other end, whatever weight the release
// has: a job that has succeeded is not run again, and the next shift would go
// without a guard.
//
// A store that has forgotten the lease, as one in memory does, says nothing of the
// shift: when the lease would have expired, the ledger tells whether it is unfinished.
func (g Guard) Run(ctx context.Context) (Watched, error) {
	seen, before := Holding{}, ahead{}
	var due time.Time // when the lease expires, as it was seen
	for begin, answered := time.Now(), time.Now(); ; {
		if seen.State == Never {
			before.look(ctx, g) // and then at the lease: who moves the traffic has it by then
		}
		h, err := within(ctx, callTime, "looking at the lease", g.Lease.Peek)
		switch {
		case err == nil:
			answered = time.Now()
			if text, over := g.over(seen, h, time.Since(begin), time.Until(due)); over {
				return g.finish(ctx, seen, h, text)
			}
			if g.mine(h) {
				seen, due = h, answered.Add(h.Left)
			}
			if text, over := before.over(); over && seen.State == Never {
				return g.finish(ctx, seen, h, text)
			}
		case ctx.Err() != nil:
			return Watched{}, cancelled(ctx)
		case time.Since(answered) > blindFor:
			return Watched{}, release.CannotTell("look at the shift, and roll back if its runner is lost; the traffic was not touched, and no rollback was tried",
				"guard: nobody guards the shift any more: the lease could not be looked at for %v: %w", blindFor, err)
		}
		if !sleep(ctx, g.Tick) {
			return Watched{}, cancelled(ctx)
		}
	}
}

func cancelled(ctx context.Context) error { return fmt.Errorf("guard: %w", context.Cause(ctx)) }

// over says whether there is nothing left to watch. It is pure: seen is the
// last look at the lease of this shift, h the present one, and left what the lease
// had at the last look and has not used up since.
func (g Guard) over(seen, h Holding, waited, left time.Duration) (string, bool) {
	switch {
	case g.mine(h) && h.State == Held:
		return "", false
	case g.mine(h) && h.State == Expired:
		return fmt.Sprintf("the lease of %s expired: its process is gone", h.Owner), true
	case g.mine(h) && h.State == Released:
		return "the shift ended by itself", true
	case g.mine(h) && h.State == Raised:
		return "a rollback has ended the shift", true
	case forgot(seen, h):
		return fmt.Sprintf("the store has forgotten the lease of %s, which nobody has renewed since", seen.Owner), left <= 0
	case seen.State != Never:
		return fmt.Sprintf("the lease went over to %s", h.Owner), true
	case waited >= g.Appear:
		return fmt.Sprintf("no shift of release %s began within %v", g.Owner.Release, g.Appear), true
	}
	return "", false
}

func (g Guard) finish(ctx context.Context, seen, h Holding, text string) (Watched, error) {
	switch {
	case !g.mine(h) && seen.State == Never:
		return Watched{Text: text}, g.unbegun(ctx, h, text)
	case g.mine(h) && h.State != Expired:
		return Watched{Text: text}, g.ended(ctx, text)
	case forgot(seen, h):
		if unfinished, err := g.unfinished(ctx, text); !unfinished {
			return Watched{Text: text}, err
		}
	case !g.mine(h):
		return Watched{Text: text}, nil
	}
	return g.back(ctx, text)
}

// forgot says whether the store has lost the lease that was seen: a token only grows.
// Who holds it now has it all the same.
func forgot(seen, h Holding) bool { return h.Token < seen.Token && h.State != Held }

// insistFor is how long a guard asks a good slot again that could not take the
// traffic: it may be about to restart. Together with the expiry of the lease that is
// less than the 90 s in which a lost runner is noticed.
const insistFor = 20 * time.Second

// back takes the traffic back, which is decided now.
func (g Guard) back(ctx context.Context, text string) (Watched, error) {
	g.Back.Reason, g.Back.Decided = text, time.Now()
	way, err := g.Back.Run(ctx)
	for way != nil && way.Tries == 0 && err != nil && time.Since(g.Back.Decided) < insistFor && sleep(ctx, g.Tick) {
		way, err = g.Back.Run(ctx)
	}
	if err != nil {
		return Watched{text, true, way, nil}, errors.Join(fmt.Errorf("guard: %s", text), err)
	}
	return Watched{text, true, way, g.again(text)}, nil
}

func (g Guard) mine(h Holding) bool {
	return h.Owner.Release == g.Owner.Release && strings.HasPrefix(h.Owner.Process, g.Owner.Process)
}
