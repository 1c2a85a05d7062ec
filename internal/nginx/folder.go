package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// folder is where the markers are. Each write to it is one step that can be the
// last: a process may be killed between any two.
type folder struct {
	path   string
	before func(op, name string) error // is asked before each write, in tests; nil is always
}

// The permissions of what nginx's workers read, whatever the umask is.
const (
	fileMode   fs.FileMode = 0o644
	folderMode fs.FileMode = 0o755
)

// Files that are being written have this prefix, and are no markers.
const hidden = "."

func (f folder) file(name string) string { return filepath.Join(f.path, name) }

func (f folder) step(op, name string) error {
	if f.before == nil {
		return nil
	}
	return f.before(op, name)
}

// put writes a file as a whole: it is there with all of its text, or as it was
// before. It is always a new file, also where the text is the same.
func (f folder) put(name string, text []byte) error {
	if err := f.step("write", name); err != nil {
		return err
	}
	temp, err := write(f.path, hidden+name+".*", text, fileMode)
	if err != nil {
		return err
	}
	if err := f.rename(filepath.Base(temp), name); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return f.sync()
}

func (f folder) rename(from, to string) error {
	if err := f.step("rename", to); err != nil {
		return err
	}
	return os.Rename(f.file(from), f.file(to))
}

// remove removes a file, which may be gone already. It is not durable before
// sync.
func (f folder) remove(name string) error {
	if err := f.step("remove", name); err != nil {
		return err
	}
	if err := os.Remove(f.file(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f folder) sync() error {
	if err := f.step("sync", ""); err != nil {
		return err
	}
	return syncFolder(f.path)
}

// read returns a file's text, and nothing where there is none in a folder that
// exists.
func (f folder) read(name string) ([]byte, error) {
	text, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(f.path); err != nil {
			return nil, gone(err)
		}
		return nil, nil
	}
	return text, err
}

// list returns what is in the folder, except files that are being written.
func (f folder) list() ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, gone(err)
	}
	var all []fs.FileInfo
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), hidden) {
			continue
		}
		switch info, err := entry.Info(); {
		case err == nil:
			all = append(all, info)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return all, nil
}

// sweep removes what killed writers have left behind.
func (f folder) sweep() error {
	left, err := filepath.Glob(f.file(hidden + "*"))
	for _, path := range left {
		if info, statErr := os.Stat(path); statErr == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Hour {
			err = errors.Join(err, f.remove(filepath.Base(path)))
		}
	}
	return err
}

func gone(err error) error {
	return release.CannotTell("mount the state folder, or install the configuration again", "read the state folder: %w", err)
}

// lock takes the lock of the folder for all processes of this host, and waits
// for it until ctx ends. The lock ends with its process.
func (f folder) lock(ctx context.Context, how int) (unlock func(), err error) {
	file, err := os.OpenFile(f.file(lockFile), os.O_RDONLY, 0)
	if err != nil {
		return nil, gone(err)
	}
	for {
		err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock the state folder: %w", err), file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock the state folder: %w", context.Cause(ctx)), file.Close())
		case <-time.After(time.Millisecond):
		}
	}
}

// durable refuses a folder that is lost with the next boot, and one that
// nginx's workers cannot reach.
func (f folder) durable() error {
	var stat unix.Statfs_t
	if err := unix.Statfs(f.path, &stat); err != nil {
		return gone(err)
	}
	if stat.Type == unix.TMPFS_MAGIC || stat.Type == unix.RAMFS_MAGIC {
		return release.Reject("put it on a disk, such as /var/lib/bluegreen",
			"state folder %s is in memory: the split would be lost with the next boot", f.path)
	}
	for path := f.path; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return gone(err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return release.Reject(fmt.Sprintf("run chmod o+x %s, or choose another folder", path),
				"state folder %s: nginx's workers cannot pass %s, and would see no marker", f.path, path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}
