package postgres

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// exec runs a statement on the session's own connection.
func (s *session) exec(ctx context.Context, sql string, args ...any) error {
	ctx, cancel := apart(ctx)
	defer cancel()
	_, err := s.lock.Exec(ctx, sql, args...)
	return err
}

func (s *session) journal() string { return table(s.schema, migration.Journal) }

// prepare makes the journal. It asks first, so that a run without the right to
// make tables works where the table is there.
func (s *session) prepare(ctx context.Context) error {
	var there bool
	if err := s.lock.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, s.journal()).Scan(&there); err != nil || there {
		return err
	}
	err := s.exec(ctx, `CREATE TABLE IF NOT EXISTS `+s.journal()+` (
		versions text NOT NULL, version bigint NOT NULL, previous bigint NOT NULL,
		file text NOT NULL, sha256 text NOT NULL, release text NOT NULL, nature text NOT NULL,
		started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_at timestamptz, settled_at timestamptz,
		transaction bigint, PRIMARY KEY (versions, version))`)
	if err != nil {
		return release.Refuse("give the user of database.url the right to create tables in schema "+s.schema,
			"make table %s: %w", migration.Journal, err)
	}
	return nil
}

// start writes that a file is about to be run.
func (s *session) start(ctx context.Context, step migration.Step) error {
	return s.exec(ctx, `INSERT INTO `+s.journal()+` AS j (versions, version, previous, file, sha256, release, nature)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (versions, version) DO UPDATE SET previous = $3, file = $4, sha256 = $5, release = $6, nature = $7,
		started_at = clock_timestamp(), applied_at = NULL, settled_at = NULL, transaction = NULL`,
		s.db.settings.Table, step.Version, step.Previous, step.Up.Name, step.Up.SHA256, string(step.Release), string(step.Up.Script.Nature))
}

// mark is the statement that goes into the transaction of a file.
func (s *session) mark(v migration.Version) string {
	return fmt.Sprintf(`UPDATE %s SET applied_at = pg_catalog.clock_timestamp(), transaction = pg_catalog.txid_current() WHERE versions = '%s' AND version = %v`,
		s.journal(), s.db.settings.Table, v)
}

// finish writes that a file is applied and that golang-migrate's table says so.
func (s *session) finish(ctx context.Context, v migration.Version) error {
	return s.exec(ctx, `UPDATE `+s.journal()+` SET applied_at = coalesce(applied_at, clock_timestamp()), settled_at = clock_timestamp()
		WHERE versions = $1 AND version = $2`, s.db.settings.Table, v)
}

// forget removes the line of a file that was not applied.
func (s *session) forget(ctx context.Context, v migration.Version) error {
	return s.exec(ctx, `DELETE FROM `+s.journal()+` WHERE versions = $1 AND version = $2`, s.db.settings.Table, v)
}

// tidy makes the journal agree with a version that is not dirty: what is beyond it
// was taken back by another tool or never begun, and what was begun up to it is
// applied, for a person said so.
func (s *session) tidy(ctx context.Context, at migration.Version) error {
	err := s.exec(ctx, `DELETE FROM `+s.journal()+` WHERE versions = $1 AND version > $2`, s.db.settings.Table, at)
	if err != nil {
		return err
	}
	return s.exec(ctx, `UPDATE `+s.journal()+` SET applied_at = coalesce(applied_at, clock_timestamp()), settled_at = clock_timestamp()
		WHERE versions = $1 AND settled_at IS NULL`, s.db.settings.Table)
}

// adopt writes down what another tool has applied: the files behind the journal's
// last one, up to the version, and the version itself. A file before the journal's
// last one that it does not have came late, and is not adopted.
func (s *session) adopt(ctx context.Context, set migration.Set, state migration.State) error {
	last := migration.None
	for v := range state.Journal {
		last = max(last, v)
	}
	adopted := map[migration.Version]migration.File{}
	if state.Version > last {
		adopted[state.Version] = migration.File{}
	}
	for _, m := range set.After(last) {
		if m.Version <= state.Version {
			adopted[m.Version] = m.Up
		}
	}
	for v, f := range adopted {
		err := s.exec(ctx, `INSERT INTO `+s.journal()+` (versions, version, previous, file, sha256, release, nature, applied_at, settled_at)
			VALUES ($1, $2, -1, $3, $4, '', '', clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING`,
			s.db.settings.Table, v, f.Name, f.SHA256)
		if err != nil {
			return err
		}
	}
	return nil
}

// sqlState is PostgreSQL's code of an error, or "".
func sqlState(err error) string {
	if pg := serverError(err); pg != nil {
		return pg.Code
	}
	return ""
}
