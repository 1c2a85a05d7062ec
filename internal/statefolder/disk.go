package statefolder

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"time"
)

// Disk is what a state folder needs of the host that it is on. Paths are
// absolute. What is not there is an fs.ErrNotExist. An operation that was cut off
// may have happened or not, but never by half.
type Disk interface {
	// Write makes a new file, whose text is durable, whatever the umask is. One
	// that is there already is an fs.ErrExist.
	Write(ctx context.Context, path string, text []byte, mode fs.FileMode) error

	// Rename gives a file another name in the same folder, in place of one that
	// has it, at one instant.
	Rename(ctx context.Context, from, to string) error

	// Remove removes a file.
	Remove(ctx context.Context, path string) error

	// Sync makes the names in a folder durable.
	Sync(ctx context.Context, dir string) error

	// Make makes a folder, with those above it, or takes the one that is there;
	// the last one gets the mode.
	Make(ctx context.Context, dir string, mode fs.FileMode) error

	// Chmod changes the permissions of a file.
	Chmod(ctx context.Context, path string, mode fs.FileMode) error

	// Read returns the text of a file.
	Read(ctx context.Context, path string) ([]byte, error)

	// List returns what is in a folder.
	List(ctx context.Context, dir string) ([]Entry, error)

	// Stat describes a file or a folder.
	Stat(ctx context.Context, path string) (Entry, error)

	// Identify returns what no other file has had, and this one no longer has
	// when it has been touched.
	Identify(ctx context.Context, path string) (string, error)

	// Lock takes the lock of a file that is there, for all processes of the host
	// or, shared, together with others that share it. It waits as long as patience
	// and ctx have it. The lock ends with unlock, or with the process that has it;
	// held ends then, or when the lock is lost, and operations with it are done
	// under the lock or not at all.
	Lock(ctx context.Context, path string, how Hold, patience time.Duration) (held context.Context, unlock func(), err error)

	// Volatile tells whether what is in the folder is lost with the next boot.
	Volatile(ctx context.Context, dir string) (bool, error)

	// Now is the time of the host's clock.
	Now(ctx context.Context) (time.Time, error)
}

// placer is a disk that is far away, and does in one go what Write, Rename and
// Sync do one after the other.
type placer interface {
	Place(ctx context.Context, temp, path string, text []byte, mode fs.FileMode) error
}

// Place writes a file as a whole: it is there with all of its text, or as it was
// before. It is always a new file, also where the text is the same. before is
// asked before each of its writes, and may be nil.
func Place(ctx context.Context, disk Disk, file string, text []byte, mode fs.FileMode, before func(op, name string) error) error {
	if before == nil {
		before = func(string, string) error { return nil }
	}
	dir, name := path.Split(file)
	if err := before("write", name); err != nil {
		return err
	}
	temp := dir + Hidden + name + "." + rand.Text()[:8]
	if far, ok := disk.(placer); ok {
		return far.Place(ctx, temp, file, text, mode)
	}
	if err := disk.Write(ctx, temp, text, mode); err != nil {
		return err
	}
	err := before("rename", name)
	if err == nil {
		err = disk.Rename(ctx, temp, file)
	}
	if err != nil {
		return errors.Join(err, disk.Remove(ctx, temp))
	}
	if err := before("sync", ""); err != nil {
		return err
	}
	return disk.Sync(ctx, path.Clean(dir))
}

// Entry is one file or folder. Changed is to the second.
type Entry struct {
	Name    string
	Mode    fs.FileMode
	Changed time.Time
}

// Hold is how a lock is held.
type Hold int

// The ways to hold a lock.
const (
	Exclusive Hold = iota
	Shared
)
