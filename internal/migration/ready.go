package migration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// BackupReady says in words where the backup of a run would go, or come from. It
// refuses what the run would refuse, and writes nothing. One that is made elsewhere
// is looked for only when the run would ask for it.
func BackupReady(ctx context.Context, s Backups, on Systems, p Pending, c Contract) (string, error) {
	switch {
	case on.Keeper != nil && s.Policy == WhenPending && len(c.Files)+len(p.Files)+len(p.Fills) == 0:
		return "no backup is needed", nil
	case on.Keeper != nil:
		found, err := on.Keeper.Newest(ctx, p.State)
		if err == nil {
			err = found.fresh(s.External.MaxAge, time.Now())
		}
		return fmt.Sprintf("backed up by %v", found), err
	}
	if err := s.Placed(nil); err != nil {
		return "", err
	}
	if err := writable(s.Directory); err != nil {
		return "", fmt.Errorf("back up into %s: %w", s.Directory, err)
	}
	if on.Vault == nil {
		return "backed up into " + s.Directory, nil
	}
	list, err := on.Vault.List(ctx, p.State.Database, p.State.System)
	return fmt.Sprintf("backed up into bucket %s, which has %d backups", s.S3.Name, len(list)), err
}

// writable refuses a folder that this user cannot write into, or cannot make.
func writable(dir string) error {
	const write, enter = 2, 1
	there, err := os.Stat(dir)
	switch above := filepath.Dir(dir); {
	case errors.Is(err, fs.ErrNotExist) && above != dir:
		return writable(above)
	case err != nil:
		return err
	case !there.IsDir():
		return release.Reject("set database.backup.directory to a folder", "%s is not a folder", dir)
	}
	if err := syscall.Access(dir, write|enter); err != nil {
		return release.Reject("let the user of this job write there", "write into %s: %w", dir, err)
	}
	return nil
}
