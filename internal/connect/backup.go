package connect

import (
	"os"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgbackrest"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/rds"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
)

// keep opens where backups of a database are copied to, or who makes them without this
// tool.
func keep(s migration.Backups, db *postgres.Database, on *migration.Systems) error {
	switch {
	case s.S3.Used():
		v, err := s3.New(s.S3, s.Timeout)
		if err != nil {
			return err
		}
		on.Vault = v
	case s.External.RDS.Used():
		k, err := rds.New(s.External.RDS, db.Addresses())
		if err != nil {
			return err
		}
		on.Keeper = k
	case s.External.PgBackRest.Used():
		k, err := pgbackrest.New(s.External.PgBackRest)
		if err != nil {
			return err
		}
		on.Keeper = k
	}
	return nil
}

// Passing gives backups that are kept in an object store only a folder of the
// user's own, for the time that they take.
func Passing(s migration.Backups) (migration.Backups, error) {
	if s.Directory != "" || !s.S3.Used() {
		return s, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return s, release.Reject("set database.backup.directory to a folder that has room for a backup", "find a folder for the backup: %w", err)
	}
	s.Directory, s.Passing = filepath.Join(cache, "bluegreen", "backups"), true
	return s, nil
}
