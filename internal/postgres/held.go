package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Hold writes down the files that this release was migrated with in hand: each with
// the checksum that it had, since one that is edited is another file.
func (s *session) Hold(ctx context.Context, files []migration.Held) error {
	if len(files) == 0 {
		return nil
	}
	var there bool
	if err := s.lock.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, s.held()).Scan(&there); err != nil {
		return err
	}
	if !there {
		err := s.exec(ctx, `CREATE TABLE IF NOT EXISTS `+s.held()+` (
			versions text NOT NULL, version bigint NOT NULL, sha256 text NOT NULL, file text NOT NULL, release text NOT NULL,
			held_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (versions, version, sha256, release))`)
		if err != nil {
			return s.granted(migration.Holds, err)
		}
	}
	for _, f := range files {
		err := s.exec(ctx, `INSERT INTO `+s.held()+` (versions, version, sha256, file, release) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			s.db.settings.Table, f.Version, f.Up.SHA256, f.Up.Name, string(s.id))
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) held() string { return table(s.schema, migration.Holds) }

// holds reads what Hold has written for the table of these versions.
func (d *Database) holds(ctx context.Context, tx pgx.Tx, schema string) ([]migration.Hold, error) {
	there, err := exists(ctx, tx, schema, migration.Holds)
	if err != nil || !there {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT version, sha256, release, held_at FROM `+table(schema, migration.Holds)+`
		WHERE versions = $1 ORDER BY version, held_at`, d.settings.Table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[migration.Hold])
}
