package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Run calls f with the services of the shared lab, as Up returns them. They are
// stopped behind it, unless another Run goes on, or somebody has called Keep and not
// Down since.
func Run(ctx context.Context, log io.Writer, f func(*Services) error) error {
	s, err := shared()
	if err != nil {
		return err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	found, err := Up(ctx, log)
	if err == nil {
		err = f(found)
	}
	leave()
	return errors.Join(err, s.endUnused(context.WithoutCancel(ctx), log))
}

// Keep has the services of the shared lab run on behind every Run, until Down.
func Keep() error {
	s, err := shared()
	if err != nil {
		return err
	}
	return os.WriteFile(s.keepFile(), nil, 0o644)
}

// Down stops what the shared lab has started and removes its data, and ends the
// servers of tests that were killed. When a Run needs them, that one does it at its
// end, and log says so. Nothing else is touched: not the Docker engine that ran
// before, not a process that has got the id of one of ours.
func Down(ctx context.Context, log io.Writer) error {
	s, err := shared()
	if err != nil {
		return err
	}
	if err := os.Remove(s.keepFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.endUnused(ctx, log)
}

func (s site) keepFile() string { return filepath.Join(s.dir, "kept") }

func (s site) usersFile() string { return filepath.Join(s.dir, "users.lock") }

// enter makes the caller a user of the site until it leaves, or its process ends.
func (s site) enter(ctx context.Context) (leave func(), err error) {
	return lock(ctx, s.usersFile(), together)
}

// endUnused stops the site unless it is kept, or has users. Who enters meanwhile
// waits.
func (s site) endUnused(ctx context.Context, log io.Writer) error {
	if _, err := os.Stat(s.keepFile()); err == nil {
		return nil
	}
	release, err := tryLock(s.usersFile(), alone)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(log, "the services run on: another run needs them, and stops them at its end")
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	return errors.Join(s.down(ctx), sweep(ctx, filepath.Join(s.dir, "servers")))
}
