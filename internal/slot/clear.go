package slot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// clear stops and removes the containers that are not to stay: workers first
// and with their grace, then the others with their own. Networks and volumes
// are not touched.
func (d *deployment) clear(ctx context.Context, have []Container) error {
	var gone []Container
	for _, c := range have {
		if d.replaceable(c) {
			gone = append(gone, c)
		}
	}
	if len(gone) > 0 {
		d.sayf("removing %d containers that are not of this release or not fit for it", len(gone))
	}
	if _, err := d.quiet(ctx, gone); err != nil {
		return err
	}
	if _, err := d.remove(ctx, gone); err != nil {
		return err
	}
	d.found.Show("B.3.s1", true, "%d old containers stopped and removed with the slot idle; volumes and networks kept", len(gone))
	return nil
}

// remove stops and removes containers, all at once, and returns those that are gone.
func (e *Environment) remove(ctx context.Context, all []Container) ([]Container, error) {
	var mu sync.Mutex
	var gone []Container
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range all {
		group.Go(func() error {
			if err := e.engine.Stop(ctx, c.ID, OwnGrace); err != nil {
				return fmt.Errorf("stop %s of %s: %w", c, e.slot, err)
			}
			if err := e.engine.Remove(ctx, c.ID); err != nil {
				return fmt.Errorf("remove %s of %s: %w", c, e.slot, err)
			}
			mu.Lock()
			defer mu.Unlock()
			gone = append(gone, c)
			return nil
		})
	}
	err := group.Wait()
	return gone, err
}

// What the engine says when a port of the host cannot be had, with the address.
var portTaken = []*regexp.Regexp{
	regexp.MustCompile(`Bind for (\S+) failed: port is already allocated`),
	regexp.MustCompile(`listen (?:tcp|udp)[46]? (\S+): bind: address already in use`),
}

// explainUp names the port that is taken and who has it, and removes what was
// created in vain, so that nothing of it is in the way of the next try.
func (d *deployment) explainUp(ctx context.Context, err error) error {
	for _, pattern := range portTaken {
		said := pattern.FindStringSubmatch(err.Error())
		if said == nil {
			continue
		}
		holder := d.holder(ctx, said[1])
		cleaned := d.removeCreated(ctx)
		return errors.Join(release.Refuse("free the port or give the slot another one, then run again",
			"start containers: host port %s is taken%s", said[1], holder), cleaned)
	}
	return fmt.Errorf("start containers: %w", err)
}

func (d *deployment) holder(ctx context.Context, address string) string {
	all, err := d.engine.Containers(ctx, "")
	if err != nil {
		return ""
	}
	for _, c := range all {
		for _, port := range c.Ports {
			if c.State == Running && port == address {
				return fmt.Sprintf(" by container %s", strings.TrimPrefix(c.Name, "/"))
			}
		}
	}
	return " by another program"
}

func (d *deployment) removeCreated(ctx context.Context) error {
	all, err := d.Inspect(ctx)
	if err != nil {
		return err
	}
	var created []Container
	for _, c := range all {
		if c.State == Created && !d.worker(c) {
			created = append(created, c)
		}
	}
	_, err = d.remove(ctx, created)
	return err
}
