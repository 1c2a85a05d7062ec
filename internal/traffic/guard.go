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
	Appear time.Duration // how long it may take until the shift holds it
	Tick   time.Duration // between two looks
	Back   Rollback      // what is done when it expires
}

// blindFor is how long a store may not answer before a guard gives up. It says
// nothing about the shift, so it is no reason to touch the traffic.
const blindFor = 5 * time.Minute

// Watched is how a guard ended.
type Watched struct {
	Text string // what was seen
	Back *Way   // the way back, nil when none was needed
}

// Run watches until the lease has ended. It returns quietly when the shift
// ended by itself, was taken back by somebody else, or never began.
func (g Guard) Run(ctx context.Context) (Watched, error) {
	seen := Holding{}
	for begin, answered := time.Now(), time.Now(); ; {
		h, err := within(ctx, callTime, "looking at the lease", g.Lease.Peek)
		switch {
		case err == nil:
			answered = time.Now()
			if text, over := g.over(seen, h, time.Since(begin)); over {
				return g.finish(ctx, seen, h, text)
			}
			if g.mine(h) {
				seen = h
			}
		case ctx.Err() != nil:
			return Watched{}, fmt.Errorf("guard: %w", context.Cause(ctx))
		case time.Since(answered) > blindFor:
			return Watched{}, release.CannotTell("look at the shift; the traffic was not touched", "guard: look at the lease: %w", err)
		}
		if !sleep(ctx, g.Tick) {
			return Watched{}, fmt.Errorf("guard: %w", context.Cause(ctx))
		}
	}
}

// over says whether there is nothing left to watch. It is pure: seen is the
// last look at the lease of this shift, h the present one.
func (g Guard) over(seen, h Holding, waited time.Duration) (string, bool) {
	switch {
	case g.mine(h) && h.State == Held:
		return "", false
	case g.mine(h) && h.State == Expired:
		return fmt.Sprintf("the lease of %s expired: its process is gone", h.Owner), true
	case g.mine(h) && h.State == Released:
		return "the shift ended by itself", true
	case g.mine(h) && h.State == Raised:
		return "a rollback has ended the shift", true
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
		return Watched{Text: text}, g.astray(ctx)
	case !g.mine(h) || h.State != Expired:
		return Watched{Text: text}, nil
	}
	g.Back.Reason = text
	way, err := g.Back.Run(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("guard: %s", text), err)
	}
	return Watched{text, way}, err
}

// astray refuses to have seen no shift while the release has traffic and is on its
// way: then its lease is in another store than the one that was watched.
func (g Guard) astray(ctx context.Context) error {
	page, err := within(ctx, callTime, "reading the ledger", g.Back.Balancer.Ledger.Read)
	if err != nil || page.Shift == nil || page.Shift.Release != g.Owner.Release || !page.Shift.Finished.IsZero() {
		return nil
	}
	weights, err := within(ctx, callTime, "reading the weights", g.Back.Balancer.Router.Weights)
	if err != nil || weights.Of(page.Shift.Candidate) == 0 {
		return nil
	}
	return release.CannotTell("give the guard the same queue.url as the shift", "guard: release %s has %v of the traffic, and its lease is not in the store that was watched", g.Owner.Release, weights.Of(page.Shift.Candidate))
}

func (g Guard) mine(h Holding) bool {
	return h.Owner.Release == g.Owner.Release && strings.HasPrefix(h.Owner.Process, g.Owner.Process)
}
