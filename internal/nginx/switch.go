package nginx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Switch is an nginx that is switched by marker files. It is a traffic.Router,
// Observer, Ledger and Settler, and safe for concurrent use by any number of
// processes of this host.
type Switch struct {
	settings Settings
	steps    []release.Weight
	order    []marker
	folder   folder
	client   *http.Client
}

// lockTime is how long a reader and a rollback wait for the lock. Without it a
// rollback goes on, since the creation of a file is atomic.
const lockTime = 500 * time.Millisecond

var errRestored = errors.New("the traffic was taken back meanwhile")

// New is a switch for the weights of the steps. It refuses settings that lack
// something and touches nothing.
func New(s Settings, steps []release.Weight) (*Switch, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	return &Switch{settings: s, steps: steps, order: order(steps), folder: folder{path: s.State}, client: newClient(s)}, nil
}

// Balancer is the switch as a shift, a rollback and an idling take it.
func (s *Switch) Balancer() traffic.Balancer {
	return traffic.Balancer{Router: s, Observer: s, Ledger: s}
}

// BreakGlass is the command that gives all traffic to the slot without this
// program.
func (s *Switch) BreakGlass(slot release.Slot) string {
	name := func(slot release.Slot) string { return s.folder.file(marker{back, slot, 100}.name()) }
	return fmt.Sprintf("touch %s && rm -f %s", name(slot), name(slot.Other()))
}

// Weights implements traffic.Router.
func (s *Switch) Weights(ctx context.Context) (release.Weights, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	unlock, err := s.folder.lock(ctx, unix.LOCK_SH)
	if err == nil {
		defer unlock() // without it a reader may see a marker go and not see the other come
	}
	now, err := s.standing()
	if err != nil {
		return release.Weights{}, err
	}
	return now.weights()
}

// Set implements traffic.Router.
func (s *Switch) Set(ctx context.Context, slot release.Slot, w release.Weight, token traffic.Token) error {
	if err := s.folder.durable(); err != nil {
		return err
	}
	want := []marker{{live, slot.Other(), 100}}
	if m, ok := candidate(slot, w); ok {
		want = append(want, m)
		if !slices.Contains(s.order, m) {
			return release.Reject("use a weight of the configured steps, or install the configuration again", "set %s to %v: the configuration has no such step", slot, w)
		}
	}
	return s.exclusive(ctx, func() error {
		now, err := s.standing() // before the look at the token: a rollback in between is not among the markers seen
		if err != nil {
			return err
		}
		if _, err := now.weights(); err != nil {
			return err
		}
		if err := s.pass(token); err != nil {
			return err
		}
		if err := s.apply(now, want); errors.Is(err, errRestored) {
			return &traffic.Stale{Token: token, Seen: token}
		} else if err != nil {
			return fmt.Errorf("set %s to %v: %w", slot, w, err)
		}
		return nil
	})
}

// pass lets a token through that is not stale, and remembers it.
func (s *Switch) pass(token traffic.Token) error {
	f, err := s.fence()
	switch {
	case err != nil:
		return err
	case token < f.seen || token <= f.closed:
		return &traffic.Stale{Token: token, Seen: max(f.seen, f.closed)}
	case token == f.seen:
		return nil
	}
	return s.folder.put(seenFile, formatToken(token))
}

// Restore implements traffic.Router. The traffic is back when the first file is
// there; what follows makes the folder tidy, as far as it can.
func (s *Switch) Restore(ctx context.Context, good release.Slot) error {
	if err := s.folder.put(marker{back, good, 100}.name(), nil); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	if err := s.folder.remove(marker{back, good.Other(), 100}.name()); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	if err := s.tidy(ctx, good); err != nil {
		// Whoever holds the lock may be about to remove the marker that it saw. It
		// leaves a new one alone, and no later process gets past the token.
		_ = s.shut()
		if err := s.folder.put(marker{back, good, 100}.name(), nil); err != nil {
			return fmt.Errorf("restore %s: %w", good, err)
		}
	}
	return nil
}

// tidy refuses the tokens seen so far, and removes the markers that have lost.
// Its failures are not those of the rollback: what it leaves behind loses
// against the marker that is there, and goes with the next write.
func (s *Switch) tidy(ctx context.Context, good release.Slot) error {
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	return s.exclusive(ctx, func() error {
		if err := s.shut(); err != nil {
			return err
		}
		now, err := s.standing()
		if err != nil {
			return err
		}
		return s.apply(now, []marker{{live, good, 100}, {back, good, 100}})
	})
}

// shut refuses every token that was seen so far.
func (s *Switch) shut() error {
	f, err := s.fence()
	if err != nil || f.closed >= f.seen {
		return err
	}
	return s.folder.put(closedFile, formatToken(f.seen))
}

// Settle implements traffic.Settler. It also makes the slot the configured
// default, without a reload: nginx reads it when it starts.
func (s *Switch) Settle(ctx context.Context, slot release.Slot) error {
	err := s.exclusive(ctx, func() error {
		now, err := s.standing()
		if err != nil {
			return err
		}
		weights, err := now.weights()
		if err != nil {
			return err
		}
		if weights.Of(slot) != 100 {
			return release.Refuse("shift the traffic first", "the split is %v: want all of it at %s", weights, slot)
		}
		return errors.Join(s.apply(now, []marker{{live, slot, 100}}), s.folder.sweep())
	})
	if errors.Is(err, errRestored) {
		return release.Refuse("look at the weights, and run it again", "settle %s: %w", slot, err)
	}
	if err != nil {
		return fmt.Errorf("settle %s: %w", slot, err)
	}
	_, err = replace(File{beside(s.settings.Config, defaultEnding), defaultText(slot), fileMode})
	return err
}
