package statefolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Folder is a state folder. Each write to it is one step that can be the last: a
// process may be killed between any two. It is safe for concurrent use.
type Folder struct {
	// Before is asked before each write, in tests. Where it returns an error the
	// process is as good as killed.
	Before func(op, name string) error

	path string
	disk Disk
}

// At is the folder at a path of a host. It touches nothing.
func At(disk Disk, path string) *Folder { return &Folder{path: path, disk: disk} }

// The permissions of what a load balancer's workers read, whatever the umask is.
const (
	FileMode   fs.FileMode = 0o644
	FolderMode fs.FileMode = 0o755
)

// The files that are kept in every state folder.
const (
	lockFile   = "lock"
	seenFile   = "token"  // the newest token that was seen
	closedFile = "closed" // the newest token that a rollback has refused
	ledgerFile = "ledger.json"
	leaseFile  = "lease.json"
)

var kept = []string{lockFile, seenFile, closedFile, ledgerFile, leaseFile}

// Hidden is the prefix of files that are being written.
const Hidden = "."

// Path is where the folder is, on its host.
func (f *Folder) Path() string { return f.path }

// File is the path of a file in it.
func (f *Folder) File(name string) string { return path.Join(f.path, name) }

// Make makes the folder and its lock, and proves that it lasts.
func (f *Folder) Make(ctx context.Context) error {
	if err := f.disk.Make(ctx, f.path, FolderMode); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	if err := f.Durable(ctx); err != nil {
		return err
	}
	err := f.disk.Write(ctx, f.File(lockFile), nil, FileMode)
	if errors.Is(err, fs.ErrExist) {
		err = f.disk.Chmod(ctx, f.File(lockFile), FileMode)
	}
	if err != nil {
		return fmt.Errorf("make the lock: %w", err)
	}
	return nil
}

// Put writes a file as a whole: it is there with all of its text, or as it was
// before. It is always a new file, also where the text is the same.
func (f *Folder) Put(ctx context.Context, name string, text []byte) error {
	return gone(Place(ctx, f.disk, f.File(name), text, FileMode, f.Before))
}

// Rename gives a file another name, in place of the one that has it. It is not
// durable before Sync.
func (f *Folder) Rename(ctx context.Context, from, to string) error {
	if err := f.step("rename", to); err != nil {
		return err
	}
	return f.disk.Rename(ctx, f.File(from), f.File(to))
}

// Remove removes a file, which may be gone already. It is not durable before
// Sync.
func (f *Folder) Remove(ctx context.Context, name string) error {
	if err := f.step("remove", name); err != nil {
		return err
	}
	if err := f.disk.Remove(ctx, f.File(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sync makes the names in the folder durable.
func (f *Folder) Sync(ctx context.Context) error {
	if err := f.step("sync", ""); err != nil {
		return err
	}
	return f.disk.Sync(ctx, f.path)
}

func (f *Folder) step(op, name string) error {
	if f.Before == nil {
		return nil
	}
	return f.Before(op, name)
}

// Read returns a file's text, and nothing where there is none in a folder that
// exists.
func (f *Folder) Read(ctx context.Context, name string) ([]byte, error) {
	text, err := f.disk.Read(ctx, f.File(name))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := f.disk.Stat(ctx, f.path); err != nil {
			return nil, gone(err)
		}
		return nil, nil
	}
	return text, err
}

// List returns the files and folders of the router's own.
func (f *Folder) List(ctx context.Context) ([]Entry, error) {
	all, err := f.disk.List(ctx, f.path)
	if err != nil {
		return nil, gone(err)
	}
	return slices.DeleteFunc(all, func(e Entry) bool {
		return strings.HasPrefix(e.Name, Hidden) || slices.Contains(kept, e.Name)
	}), nil
}

// Unused tells whether nothing was ever written into the folder but locks: its
// own, and those of these names.
func (f *Folder) Unused(ctx context.Context, locks ...string) (bool, error) {
	all, err := f.disk.List(ctx, f.path)
	if err != nil {
		return false, gone(err)
	}
	return !slices.ContainsFunc(all, func(e Entry) bool {
		lock := e.Name == lockFile || slices.Contains(locks, e.Name)
		return e.Mode.IsRegular() && !lock && !strings.HasPrefix(e.Name, Hidden)
	}), nil
}

// Identify returns what no other file of that name has had, and this one no
// longer has when it has been touched.
func (f *Folder) Identify(ctx context.Context, name string) (string, error) {
	return f.disk.Identify(ctx, f.File(name))
}

// Sweep removes what killed writers have left behind.
func (f *Folder) Sweep(ctx context.Context) error {
	all, err := f.disk.List(ctx, f.path)
	if err != nil {
		return gone(err)
	}
	now, err := f.disk.Now(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name, Hidden) && e.Mode.IsRegular() && now.Sub(e.Changed) > time.Hour {
			err = errors.Join(err, f.Remove(ctx, e.Name))
		}
	}
	return err
}

// gone adds what to do where the folder is not there, or not this user's.
func gone(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return release.CannotTell("mount the state folder, or install the configuration again, such as with bluegreen nginx install --live blue", "%w: read the state folder: %w", traffic.ErrGone, err)
	case errors.Is(err, fs.ErrPermission):
		return release.CannotTell("let this user read and write the state folder: chown -R it", "open the state folder: %w", err)
	}
	return err
}

// Durable refuses a folder that is lost with the next boot.
func (f *Folder) Durable(ctx context.Context) error {
	volatile, err := f.disk.Volatile(ctx, f.path)
	if err != nil {
		return gone(err)
	}
	if volatile {
		return release.Reject("put it on a disk, such as /var/lib/bluegreen",
			"state folder %s is in memory: the split would be lost with the next boot", f.path)
	}
	return nil
}

// holdTime is how long one process may hold the lock. It needs milliseconds.
const holdTime = 10 * time.Second

// Alone runs f under the lock.
func (f *Folder) Alone(ctx context.Context, do func(held context.Context) error) error {
	return f.Soon(ctx, holdTime, do)
}

// Soon runs f under the lock, if it can have it within the time.
func (f *Folder) Soon(ctx context.Context, patience time.Duration, do func(held context.Context) error) error {
	return f.under(ctx, Exclusive, patience, do)
}

// Together runs f under a lock that is shared with other readers, if it can have
// it within the time, and without it otherwise.
func (f *Folder) Together(ctx context.Context, patience time.Duration, do func(context.Context) error) error {
	locked := false
	err := f.under(ctx, Shared, patience, func(held context.Context) error {
		locked = true
		return do(held)
	})
	if locked {
		return err
	}
	return do(ctx)
}

func (f *Folder) under(ctx context.Context, how Hold, patience time.Duration, do func(held context.Context) error) error {
	held, unlock, err := f.disk.Lock(ctx, f.File(lockFile), how, patience)
	if err != nil {
		return fmt.Errorf("lock the state folder: %w", gone(err))
	}
	defer unlock()
	held, cancel := context.WithTimeoutCause(held, holdTime, fmt.Errorf("the lock was held for more than %v", holdTime))
	defer cancel()
	return do(held)
}

// Replace writes a file outside a state folder as a whole, such as a generated
// configuration, with the folder that it is in. It says whether it changed.
func Replace(ctx context.Context, disk Disk, file string, text []byte, mode fs.FileMode) (changed bool, err error) {
	if have, err := disk.Read(ctx, file); err == nil && string(have) == string(text) {
		e, err := disk.Stat(ctx, file)
		if err != nil || e.Mode.Perm() == mode {
			return false, err
		}
		return false, disk.Chmod(ctx, file, mode)
	}
	dir := path.Dir(file)
	if _, err := disk.Stat(ctx, dir); errors.Is(err, fs.ErrNotExist) {
		if err := disk.Make(ctx, dir, FolderMode); err != nil {
			return false, err
		}
	}
	if err := Place(ctx, disk, file, text, mode, nil); err != nil {
		return false, err
	}
	return true, nil
}
