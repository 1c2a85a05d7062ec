package cleanup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Cleaner cleans up after the release that is live.
type Cleaner struct {
	Settings     Settings
	Balancer     traffic.Balancer
	Slot         func(context.Context, release.Slot) (*slot.Environment, error)
	Repositories []string          // of the application's images: no other image is looked at
	Dry          bool              // list what would go, and remove nothing
	Pause        time.Duration     // between closing the way back and believing the weights; 0 for the balancer's LateRollback
	Found        *release.Findings // gets the evidence
}

// Done is what went, or would go.
type Done struct {
	Live       release.ID       `json:"live"` // the release that was cleaned up after
	Slot       release.Slot     `json:"slot,omitempty"`
	Retired    release.ID       `json:"retired,omitempty"` // what was in the slot; empty when it was adopted
	Containers []slot.Container `json:"containers,omitempty"`
	Networks   []slot.Network   `json:"networks,omitempty"`
	Images     []slot.Stored    `json:"images,omitempty"`
}

// Count is how many containers, networks and images that is.
func (d Done) Count() int { return len(d.Containers) + len(d.Networks) + len(d.Images) }

// callTime bounds what is asked of the ledger and of the load balancer.
const callTime = 30 * time.Second

func (c Cleaner) read(ctx context.Context) (traffic.Page, release.Weights, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, errors.New("the load balancer took too long"))
	defer cancel()
	page, err := c.Balancer.Ledger.Read(ctx)
	if err != nil {
		return page, release.Weights{}, release.CannotTell("repair the ledger; nothing was removed", "read the ledger: %w", err)
	}
	weights, err := c.Balancer.Router.Weights(ctx)
	if err != nil {
		return page, weights, release.CannotTell("make the load balancer answer; nothing was removed", "read the weights: %w", err)
	}
	return page, weights, nil
}

// state is read anew before each thing that is removed: a release can begin, and the
// traffic can come back, at any time.
func (c Cleaner) state(ctx context.Context) (state, traffic.Page, error) {
	page, weights, err := c.read(ctx)
	if err != nil {
		return state{}, page, err
	}
	s, err := look(page, weights, c.Settings.Window)
	return s, page, err
}

// Clean removes images of the application that no container uses, and containers that
// do not run and are not of what their slot holds. Both slots stay as they are. What is
// returned beside an error is gone, too.
func (c Cleaner) Clean(ctx context.Context) (Done, error) {
	s, page, err := c.state(ctx)
	if err == nil {
		err = s.waited(c.Settings.After, "the removal of what neither slot uses")
	}
	done := Done{Live: s.live}
	if err != nil {
		return done, err
	}
	holds := map[release.Slot]release.ID{s.slot: s.live}
	if page.Good != nil {
		holds[page.Good.Slot] = page.Good.Release
	}
	logs := ""
	for _, name := range release.Slots {
		env, err := c.Slot(ctx, name)
		if err != nil {
			return done, err
		}
		if id, known := holds[name]; known {
			if err := c.strays(ctx, env, id, &done); err != nil {
				return done, err
			}
		}
		if err := c.images(ctx, env, &done); err != nil {
			return done, err
		}
		log, err := endless(ctx, env)
		if err != nil {
			return done, err
		}
		logs = cmp.Or(logs, log)
	}
	c.show(func(found *release.Findings) {
		found.Show("D.2.1", true, "%d images of the application that no container used were removed; those of both slots stay", len(done.Images))
		found.Show("D.2.2", true, "%d containers that were not of what their slot holds were removed; all others stay", len(done.Containers))
		found.Show("D.2.4", logs == "", "%s", cmp.Or(logs, "the logs of all containers of both slots are rotated"))
	})
	return done, nil
}

func (c Cleaner) strays(ctx context.Context, env *slot.Environment, id release.ID, done *Done) error {
	found, err := env.Strays(ctx, id)
	if err != nil {
		return err
	}
	gone, err := remove(ctx, c, found, env.Sweep)
	done.Containers = append(done.Containers, gone...)
	return err
}

// remove removes what was found, unless a release has begun by now or the traffic has
// moved; a dry run leaves it. What is returned is gone, or would be.
func remove[T any](ctx context.Context, c Cleaner, found []T, from func(context.Context, []T) ([]T, error)) ([]T, error) {
	if c.Dry || len(found) == 0 {
		return found, nil
	}
	if _, _, err := c.state(ctx); err != nil {
		return nil, err
	}
	return from(ctx, found)
}

// images removes what the engine of a slot has and nothing uses but the containers that
// go. Where both slots share an engine, the second finds nothing more.
func (c Cleaner) images(ctx context.Context, env *slot.Environment, done *Done) error {
	found, err := env.Unused(ctx, c.Repositories, least, done.Containers)
	if err != nil {
		return err
	}
	gone, err := remove(ctx, c, found, env.Discard)
	if c.Dry {
		gone = slices.DeleteFunc(gone, func(one slot.Stored) bool { // seen from the other slot, too
			return slices.ContainsFunc(done.Images, func(other slot.Stored) bool { return other.ID == one.ID })
		})
	}
	done.Images = append(done.Images, gone...)
	return err
}

// endless names a container of a slot whose log is not rotated, which is docker's to do.
func endless(ctx context.Context, env *slot.Environment) (string, error) {
	all, err := env.Inspect(ctx)
	for _, one := range all {
		if one.Endless {
			return fmt.Sprintf("the log of %s of %s grows without an end: set logging.options.max-size in its compose file", one, env.Slot()), nil
		}
	}
	return "", err
}

func (c Cleaner) show(f func(*release.Findings)) {
	if c.Found != nil && !c.Dry {
		f(c.Found)
	}
}
