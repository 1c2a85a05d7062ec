package nginx

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Install makes the state folder and writes the configuration, with live as the
// slot that has the traffic where nothing is there yet. A split that is there
// stays. It says whether nginx has to be reloaded; it does not do that, since
// the configuration around these files is not its own.
func (s *Switch) Install(ctx context.Context, slot release.Slot) (reload bool, err error) {
	if err := os.MkdirAll(s.folder.path, folderMode); err != nil {
		return false, fmt.Errorf("make the state folder: %w", err)
	}
	if err := os.Chmod(s.folder.path, folderMode); err != nil {
		return false, fmt.Errorf("make the state folder: %w", err)
	}
	if err := s.folder.durable(); err != nil {
		return false, err
	}
	if err := s.lockable(); err != nil {
		return false, err
	}
	start, err := s.begin(ctx, slot)
	if err != nil {
		return false, err
	}
	for _, f := range Config(s.settings, s.steps, start) {
		changed, err := replace(f)
		if err != nil {
			return reload, fmt.Errorf("write %s: %w", f.Path, err)
		}
		reload = reload || changed
	}
	return reload, nil
}

// begin makes the first marker, and returns the slot that has the traffic
// without any other.
func (s *Switch) begin(ctx context.Context, slot release.Slot) (start release.Slot, err error) {
	err = s.exclusive(ctx, func() error {
		now, err := s.standing()
		if err != nil {
			return err
		}
		start = slot
		if len(now.markers) == 0 {
			return s.folder.put(marker{live, slot, 100}.name(), nil)
		}
		for _, m := range now.markers {
			if m.kind == live {
				start = m.slot
			}
		}
		return nil
	})
	return start, err
}

func (s *Switch) lockable() error {
	file, err := os.OpenFile(s.folder.file(lockFile), os.O_RDONLY|os.O_CREATE, fileMode)
	if err != nil {
		return fmt.Errorf("make the lock: %w", err)
	}
	return errors.Join(file.Chmod(fileMode), file.Close())
}

// Try proves that nginx can be switched, without moving any traffic: it runs
// the configuration that belongs to the settings, and sees a file come and go.
func (s *Switch) Try(ctx context.Context) error {
	if err := s.folder.durable(); err != nil {
		return err
	}
	if _, err := s.Weights(ctx); err != nil {
		return err
	}
	return s.exclusive(ctx, func() error {
		err := errors.Join(s.folder.put(probeFile, nil), s.sees(ctx, true))
		return errors.Join(err, s.folder.remove(probeFile), s.sees(ctx, false))
	})
}

func (s *Switch) sees(ctx context.Context, want bool) error {
	a, err := s.ask(ctx)
	switch {
	case err != nil:
		return err
	case a.config != newView(s.settings, s.steps).Hash:
		return release.Refuse("install the configuration and reload nginx", "nginx at %s runs another configuration: %s", s.settings.URL, a.config)
	case a.probe != want:
		return release.Refuse("let nginx see the folder at the same path, readable by its workers and without open_file_cache",
			"nginx at %s does not see the files in %s", s.settings.URL, s.folder.path)
	}
	return nil
}
