package statefolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Local is the Disk of this host.
type Local struct{}

// Write implements Disk.
func (Local) Write(_ context.Context, path string, text []byte, mode fs.FileMode) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if len(text) == 0 { // it has nothing to lose, and its rename is waited for
		return nil
	}
	return file.Sync()
}

// Rename implements Disk.
func (Local) Rename(_ context.Context, from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (Local) Remove(_ context.Context, path string) error { return os.Remove(path) }

// Sync implements Disk.
func (Local) Sync(_ context.Context, path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Make implements Disk.
func (Local) Make(_ context.Context, dir string, mode fs.FileMode) error {
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}

// Chmod implements Disk.
func (Local) Chmod(_ context.Context, path string, mode fs.FileMode) error {
	return os.Chmod(path, mode)
}

// Read implements Disk.
func (Local) Read(_ context.Context, path string) ([]byte, error) { return os.ReadFile(path) }

// List implements Disk.
func (Local) List(_ context.Context, dir string) ([]Entry, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, f := range found {
		switch info, err := f.Info(); {
		case err == nil:
			all = append(all, entry(info))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return all, nil
}

// Stat implements Disk.
func (Local) Stat(_ context.Context, path string) (Entry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Entry{}, err
	}
	return entry(info), nil
}

func entry(info fs.FileInfo) Entry { return Entry{info.Name(), info.Mode(), info.ModTime()} }

// Identify implements Disk.
func (Local) Identify(_ context.Context, path string) (string, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fmt.Sprintf("%d %d %d.%09d", stat.Dev, stat.Ino, stat.Mtim.Sec, stat.Mtim.Nsec), nil
}

// Lock implements Disk.
func (Local) Lock(ctx context.Context, path string, how Hold, patience time.Duration) (held context.Context, unlock func(), err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, patience, Busy(patience))
	defer cancel()
	kind := map[Hold]int{Exclusive: unix.LOCK_EX, Shared: unix.LOCK_SH}[how]
	for {
		err := unix.Flock(int(file.Fd()), kind|unix.LOCK_NB)
		if err == nil {
			return ctx, func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, nil, errors.Join(err, file.Close())
		}
		select {
		case <-waiting.Done():
			return nil, nil, errors.Join(context.Cause(waiting), file.Close())
		case <-time.After(time.Millisecond):
		}
	}
}

// Busy is the error of who has waited for a lock in vain.
func Busy(patience time.Duration) error {
	return fmt.Errorf("somebody else holds it for more than %v", patience)
}

// Now implements Disk.
func (Local) Now(context.Context) (time.Time, error) { return time.Now(), nil }
