package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Switch is an nginx that is switched by marker files. It is a traffic.Router,
// Observer, Ledger and Settler, and safe for concurrent use by any number of
// processes of this host.
type Switch struct {
	*statefolder.Ledger
	settings Settings
	steps    []release.Weight
	order    []marker
	host     *ssh.Host // that nginx is on; nil for this one
	disk     statefolder.Disk
	folder   *statefolder.Folder
	client   *http.Client // keeps its connections
	fresh    *http.Client // has a new one for each request
	tidying  sync.WaitGroup
}

// lockTime is how long a reader and a rollback wait for the lock. Without it a
// rollback goes on, since the creation of a file is atomic.
const lockTime = 500 * time.Millisecond

// What a rollback does for the state folder beside the traffic.
const (
	tidyWait = 300 * time.Millisecond // how long it waits for it
	tidyTime = 10 * time.Second       // of all
)

var errRestored = errors.New("the traffic was taken back meanwhile")

// New is a switch for the weights of the steps. It refuses settings that lack
// something and touches nothing.
func New(s Settings, steps []release.Weight) (*Switch, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	made := &Switch{settings: s, steps: steps, order: order(steps), disk: statefolder.Local{}}
	dial := (&net.Dialer{Timeout: answerTime}).DialContext
	if s.SSH.Used() {
		host, err := ssh.New(s.SSH)
		if err != nil {
			return nil, fmt.Errorf("nginx: %w", err)
		}
		made.host, made.disk, dial = host, host, host.Dial
	}
	made.folder = statefolder.At(made.disk, s.State)
	made.Ledger = made.folder.Ledger()
	made.client, made.fresh = newClient(s, dial, true), newClient(s, dial, false)
	return made, nil
}

// Close ends the connection to another host, if there is one, when what rollbacks
// have left to do is done.
func (s *Switch) Close() {
	s.tidying.Wait()
	s.client.CloseIdleConnections()
	if s.host != nil {
		s.host.Close()
	}
}

// Balancer is the switch as a shift, a rollback and an idling take it.
func (s *Switch) Balancer() traffic.Balancer {
	return traffic.Balancer{
		Name: "nginx", Router: s, Observer: s, Ledger: s, Settler: s, Trier: s,
		Leases: s.Leases(traffic.LeaseExpiry), BreakGlass: s.BreakGlass,
	}
}

// Leases is the store of the lease beside the markers. A lease that is not
// renewed expires after expiry: traffic.LeaseExpiry for a shift.
func (s *Switch) Leases(expiry time.Duration) *statefolder.Leases { return s.folder.Leases(expiry) }

// BreakGlass is the command that gives all traffic to the slot without this
// program.
func (s *Switch) BreakGlass(slot release.Slot) string {
	name := func(slot release.Slot) string { return s.folder.File(marker{back, slot, 100}.name()) }
	line := fmt.Sprintf("mkdir -p %s && touch %s && rm -f %s", s.folder.Path(), name(slot), name(slot.Other()))
	if s.host != nil {
		return s.host.Command(line)
	}
	return line
}

// Weights implements traffic.Router. Without the lock a reader may see a marker
// go and not see the other come; it does not wait for it for long.
func (s *Switch) Weights(ctx context.Context) (w release.Weights, err error) {
	err = s.folder.Together(ctx, lockTime, func(ctx context.Context) error {
		now, err := s.standing(ctx)
		if err != nil {
			return err
		}
		w, err = now.weights()
		return err
	})
	return w, err
}

// Set implements traffic.Router.
func (s *Switch) Set(ctx context.Context, slot release.Slot, w release.Weight, token traffic.Token) error {
	if err := s.lasting(ctx); err != nil {
		return err
	}
	want := []marker{{live, slot.Other(), 100}}
	if m, ok := candidate(slot, w); ok {
		want = append(want, m)
		if !slices.Contains(s.order, m) {
			return release.Reject("use a weight of the configured steps, or install the configuration again", "set %s to %v: the configuration has no such step", slot, w)
		}
	}
	return s.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := s.known(ctx)
		if err != nil {
			return err
		}
		if _, err := now.weights(); err != nil {
			return err
		}
		if err := s.folder.Pass(ctx, token); err != nil {
			return err
		}
		if err := s.start(ctx, slot.Other()); err != nil {
			return err
		}
		if err := s.apply(ctx, now, want); errors.Is(err, errRestored) {
			return &traffic.Stale{Token: token, Seen: token}
		} else if err != nil {
			return fmt.Errorf("set %s to %v: %w", slot, w, err)
		}
		return nil
	})
}

// Restore implements traffic.Router. The traffic is back when the first file is
// there and none is left that wins against it; what follows makes the folder
// tidy, as far as it can.
func (s *Switch) Restore(ctx context.Context, good release.Slot) error {
	if err := s.folder.Put(ctx, marker{back, good, 100}.name(), nil); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	if err := s.folder.Remove(ctx, marker{back, good.Other(), 100}.name()); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	select {
	case err := <-s.tidy(ctx, good):
		if err == nil {
			return nil
		}
	case <-time.After(tidyWait):
	}
	// Whoever holds the lock may be about to remove the marker that it saw. It
	// leaves a new one alone, and no later process gets past the token.
	_ = s.folder.Shut(ctx)
	if err := s.folder.Put(ctx, marker{back, good, 100}.name(), nil); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	return nil
}

// tidy refuses the tokens seen so far, and removes the markers that have lost. Its
// failures are not those of the rollback: what it leaves behind loses against the
// marker that is there, and goes with the next write. On a host that is far away
// it goes on when the rollback has been acknowledged.
func (s *Switch) tidy(ctx context.Context, good release.Slot) <-chan error {
	done := make(chan error, 1)
	s.tidying.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
		defer cancel()
		done <- s.folder.Soon(ctx, lockTime, func(ctx context.Context) error {
			if err := s.folder.Shut(ctx); err != nil {
				return err
			}
			now, err := s.known(ctx)
			if err != nil {
				return err
			}
			return errors.Join(s.apply(ctx, now, []marker{{live, good, 100}, {back, good, 100}}), s.start(ctx, good))
		})
	})
	return done
}

// Settle implements traffic.Settler. It also makes the slot the configured
// default, without a reload: nginx reads it when it starts.
func (s *Switch) Settle(ctx context.Context, slot release.Slot) error {
	err := s.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := s.known(ctx)
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
		return errors.Join(s.apply(ctx, now, []marker{{live, slot, 100}}), s.folder.Sweep(ctx))
	})
	if errors.Is(err, errRestored) {
		return release.Refuse("look at the weights, and run it again", "settle %s: %w", slot, err)
	}
	if err != nil {
		return fmt.Errorf("settle %s: %w", slot, err)
	}
	return s.start(ctx, slot)
}

// start makes the slot the configured default, which a rebuilt or rebooted nginx
// has when the markers are lost. nginx reads it when it starts.
func (s *Switch) start(ctx context.Context, slot release.Slot) error {
	file := beside(s.settings.Config, defaultEnding)
	if _, err := statefolder.Replace(ctx, s.disk, file, []byte(defaultText(slot)), statefolder.FileMode); err != nil {
		return unwritten(file, err)
	}
	return nil
}

// unwritten says what to do about a generated file that cannot be written.
func unwritten(file string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return release.CannotTell("let this user own the folder that it is in, which is the best kept apart from nginx's own", "write %s: %w", file, err)
	}
	return fmt.Errorf("write %s: %w", file, err)
}
