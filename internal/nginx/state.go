package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// A probe exists while the switch is being tried, and is no marker.
const probePrefix = "probe-"

// standing is which markers exist, in their order.
type standing struct {
	markers []marker
	backs   map[marker]string // those of a rollback, and what each is known by
}

// standing reads the markers. One that the configuration does not know is
// refused: nginx does not look at it, so it means nothing.
func (s *Switch) standing(ctx context.Context) (standing, error) {
	now := standing{backs: map[marker]string{}}
	entries, err := s.folder.List(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return now, fmt.Errorf("the markers are lost, and nginx goes by the default that it started with: %w", err)
	}
	if err != nil {
		return now, err
	}
	found := map[marker]bool{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name, probePrefix) {
			continue
		}
		m, err := parseMarker(e.Name)
		if err != nil && e.Mode.IsDir() {
			continue // such as lost+found; nginx looks for files only
		}
		if err == nil && (!slices.Contains(s.order, m) || !e.Mode.IsRegular()) {
			err = fmt.Errorf("marker %q is not one of this configuration's", e.Name)
		}
		if err != nil {
			return now, release.CannotTell("remove the file, or install the configuration that knows it", "state folder %s: %w", s.folder.Path(), err)
		}
		found[m] = true
	}
	for _, m := range s.order {
		if found[m] {
			now.markers = append(now.markers, m)
		}
	}
	return now, nil
}

// known is standing for who removes markers. It is called before the look at the
// token: a rollback that comes later makes another file.
func (s *Switch) known(ctx context.Context) (standing, error) {
	now, err := s.standing(ctx)
	if err != nil {
		return now, err
	}
	for _, m := range now.markers {
		if m.kind != back {
			continue
		}
		now.backs[m], err = s.folder.Identify(ctx, m.name())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return now, err
		}
	}
	return now, nil
}

// weights is the split: the last marker decides.
func (n standing) weights() (release.Weights, error) {
	if len(n.markers) == 0 {
		return release.Weights{}, release.CannotTell("install the configuration again, naming the live slot", "the state folder has no marker: the split is not defined")
	}
	return n.markers[len(n.markers)-1].weights(), nil
}

// live is the slot that has the traffic where no other marker is, and blue where
// even that is missing.
func (n standing) live() release.Slot {
	slot := release.Blue
	for _, m := range n.markers {
		if m.kind == live {
			slot = m.slot // the last one decides
		}
	}
	return slot
}

// apply makes exactly the wanted markers exist, which are given in their order.
func (s *Switch) apply(ctx context.Context, now standing, want []marker) error {
	for _, m := range want {
		if slices.Contains(now.markers, m) {
			continue
		}
		if err := s.folder.Put(ctx, m.name(), nil); err != nil {
			return err
		}
	}
	for _, m := range now.markers {
		if slices.Contains(want, m) {
			continue
		}
		if err := s.drop(ctx, m, now.backs[m]); err != nil {
			return err
		}
	}
	return s.folder.Sync(ctx)
}

// drop removes a marker that has lost. A rollback waits for no lock, so one may
// have come since the marker was seen: it has made a new file, which is put back.
func (s *Switch) drop(ctx context.Context, m marker, seen string) error {
	if m.kind != back {
		return s.folder.Remove(ctx, m.name())
	}
	aside := statefolder.Hidden + m.name() + ".gone"
	if err := s.folder.Rename(ctx, m.name(), aside); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if is, err := s.folder.Identify(ctx, aside); err == nil && is == seen {
		return s.folder.Remove(ctx, aside)
	}
	if err := s.folder.Rename(ctx, aside, m.name()); err != nil {
		return err
	}
	return errRestored
}
