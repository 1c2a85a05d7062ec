package statefolder

import (
	"context"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Volatile implements Disk.
func (Local) Volatile(_ context.Context, dir string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return false, &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	return stat.Type == unix.TMPFS_MAGIC || stat.Type == unix.RAMFS_MAGIC, nil
}
