package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// Install makes the state folder and writes the configuration, with slot as the
// one that has the traffic where nothing is there yet. When that is empty it is
// the configured default of an earlier installation, or blue. A split that is
// there stays. It says whether nginx has to be reloaded; it does not do that,
// since the configuration around these files is not its own.
func (s *Switch) Install(ctx context.Context, slot release.Slot) (reload bool, err error) {
	if err := s.folder.Make(ctx); err != nil {
		return false, err
	}
	if err := s.lasting(ctx); err != nil {
		return false, err
	}
	start, err := s.begin(ctx, slot)
	if err != nil {
		return false, err
	}
	for _, f := range Config(s.settings, s.steps, start) {
		changed, err := statefolder.Replace(ctx, s.disk, f.Path, []byte(f.Text), f.Mode)
		if err != nil {
			return reload, unwritten(f.Path, err)
		}
		reload = reload || changed
	}
	return reload, nil
}

// begin makes the first marker, and returns the slot that has the traffic
// without any other.
func (s *Switch) begin(ctx context.Context, slot release.Slot) (start release.Slot, err error) {
	err = s.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := s.standing(ctx)
		if err != nil {
			return err
		}
		if len(now.markers) > 0 {
			start = now.live()
			return nil
		}
		if start, err = s.former(ctx, slot); err != nil {
			return err
		}
		return s.folder.Put(ctx, marker{live, start, 100}.name(), nil)
	})
	return start, err
}

// former is the slot, or else what an earlier installation had as the default
// before its state folder was lost.
func (s *Switch) former(ctx context.Context, slot release.Slot) (release.Slot, error) {
	if slot != "" {
		return slot, nil
	}
	text, err := s.disk.Read(ctx, beside(s.settings.Config, defaultEnding))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the former default: %w", err)
	}
	if string(text) == defaultText(release.Green) {
		return release.Green, nil
	}
	return release.Blue, nil
}

// lasting refuses a folder that is lost with the next boot, and one that
// nginx's workers cannot reach.
func (s *Switch) lasting(ctx context.Context) error {
	if err := s.folder.Durable(ctx); err != nil {
		return err
	}
	for dir := s.folder.Path(); ; dir = path.Dir(dir) {
		e, err := s.disk.Stat(ctx, dir)
		if err != nil {
			return fmt.Errorf("look at the state folder %s: %w", s.folder.Path(), err)
		}
		if e.Mode.Perm()&0o001 == 0 {
			return release.Reject(fmt.Sprintf("run chmod o+x %s, or choose another folder", dir),
				"state folder %s: nginx's workers cannot pass %s, and would see no marker", s.folder.Path(), dir)
		}
		if dir == path.Dir(dir) {
			return nil
		}
	}
}
