package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

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

// later are the columns that journals of earlier versions of this program lack.
const later = `proof jsonb, breaks text[], made text[], fingerprint text, undo text, ill text[]`

// prepare makes the journal, and adds the columns that an older one lacks. It asks
// first, so that a run without the right to do so works where nothing is to be done.
func (s *session) prepare(ctx context.Context) error {
	var lacks int
	err := s.lock.QueryRow(ctx, `SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = n AND NOT attisdropped))
		FROM unnest(ARRAY['version', 'proof', 'breaks', 'made', 'fingerprint', 'undo', 'ill']) n`, s.journal()).Scan(&lacks)
	if err != nil || lacks == 0 {
		return err
	}
	err = s.exec(ctx, `CREATE TABLE IF NOT EXISTS `+s.journal()+` (
		versions text NOT NULL, version bigint NOT NULL, previous bigint NOT NULL,
		file text NOT NULL, sha256 text NOT NULL, release text NOT NULL, nature text NOT NULL,
		started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_at timestamptz, settled_at timestamptz,
		transaction bigint, PRIMARY KEY (versions, version))`)
	if err == nil {
		err = s.exec(ctx, `ALTER TABLE `+s.journal()+` ADD COLUMN IF NOT EXISTS `+strings.ReplaceAll(later, ", ", ", ADD COLUMN IF NOT EXISTS "))
	}
	return s.granted(migration.Journal, err)
}

// granted says what a user needs who could not make a table.
func (s *session) granted(table string, err error) error {
	if err == nil {
		return nil
	}
	return release.Refuse("give the user of database.url the right to create tables in schema "+s.schema+", and its own tables there",
		"make table %s: %w", table, err)
}

// start writes that a file is about to be run, what is known of it, and the
// fingerprint of the schema before it, where a down file may have to lead back to it.
func (s *session) start(ctx context.Context, step migration.Step) error {
	var before *string
	if s.db.settings.Down == migration.Proven {
		now, err := s.fingerprint(ctx)
		if err != nil {
			return err
		}
		before = &now
	}
	if err := s.forgetFills(ctx, step.Version, step.Version); err != nil {
		return err
	}
	return s.exec(ctx, `INSERT INTO `+s.journal()+` AS j (versions, version, previous, file, sha256, release, nature, proof, breaks, fingerprint, ill)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (versions, version) DO UPDATE SET previous = $3, file = $4, sha256 = $5, release = $6, nature = $7, proof = $8, breaks = $9, fingerprint = $10, ill = $11,
		started_at = clock_timestamp(), applied_at = NULL, settled_at = NULL, transaction = NULL, made = NULL, undo = NULL`,
		s.db.settings.Table, step.Version, step.Previous, step.Up.Name, step.Up.SHA256, string(step.Release), string(step.Up.Script.Nature), step.Proof, step.Breaks, before, step.Ill)
}

// gained lists the tables and columns that came to be in one transaction: rows of
// the catalog that it wrote are marked with its number. A table that it only altered
// keeps the type of its rows. A partitioned table stands for its partitions, also
// those that come later.
const gained = `
	WITH t AS (SELECT (transaction & 4294967295)::text::xid AS x FROM %[1]s WHERE versions = $1 AND version = $2 AND transaction IS NOT NULL),
	fresh AS (SELECT c.oid FROM pg_class c JOIN pg_type y ON y.oid = c.reltype, t WHERE y.xmin = t.x)
	UPDATE %[1]s SET made = ARRAY(
		SELECT 'table ' || c.oid::regclass FROM pg_class c JOIN fresh USING (oid) WHERE c.relkind IN ('r', 'p')
		UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, t
			WHERE a.xmin = t.x AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.oid NOT IN (SELECT oid FROM fresh))
	WHERE versions = $1 AND version = $2 AND transaction IS NOT NULL`

// remember writes which tables and columns came with a file, as long as the catalog
// still tells.
func (s *session) remember(ctx context.Context, v migration.Version) error {
	return s.exec(ctx, fmt.Sprintf(gained, s.journal()), s.db.settings.Table, v)
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
// was taken back or never begun, its backfills with it, and what was begun up to it
// is applied, for a person said so. Of what was taken back to another schema than the
// one before it the line stays.
func (s *session) tidy(ctx context.Context, at migration.Version) error {
	err := s.compare(ctx, at)
	if err == nil {
		err = s.exec(ctx, `DELETE FROM `+s.journal()+` WHERE versions = $1 AND (version > $2) = (undo IS DISTINCT FROM $3)`, s.db.settings.Table, at, string(migration.Differs))
	}
	if err == nil {
		err = s.forgetFills(ctx, at+1, math.MaxInt64)
	}
	if err == nil {
		err = s.exec(ctx, `UPDATE `+s.journal()+` SET undo = NULL WHERE versions = $1 AND undo <> $2`, s.db.settings.Table, string(migration.Differs))
	}
	if err != nil {
		return err
	}
	var settled []migration.Version
	rows, err := s.lock.Query(ctx, `UPDATE `+s.journal()+` SET applied_at = coalesce(applied_at, clock_timestamp()), settled_at = clock_timestamp()
		WHERE versions = $1 AND settled_at IS NULL RETURNING version`, s.db.settings.Table)
	if err == nil {
		settled, err = pgx.CollectRows(rows, pgx.RowTo[migration.Version])
	}
	for _, v := range settled {
		err = errors.Join(err, s.remember(ctx, v))
	}
	return err
}

// compare looks whether a down file has led back to the schema before its migration.
// It does so before the line goes, so that a run that is killed leaves it to the next
// one; and again while it does not, since a person may have mended it. What another
// version of this program has written down it cannot tell.
func (s *session) compare(ctx context.Context, at migration.Version) error {
	const back = ` WHERE versions = $1 AND version > $2 AND previous = $2 AND fingerprint IS NOT NULL AND undo IN ($3, $4)`
	args := []any{s.db.settings.Table, at, string(migration.Undone), string(migration.Differs), reading}
	var ours int
	var foreign string
	err := s.lock.QueryRow(ctx, `SELECT count(*) FILTER (WHERE starts_with(fingerprint, $5)), coalesce(min(file) FILTER (WHERE undo = $3 AND NOT starts_with(fingerprint, $5)), '')
		FROM `+s.journal()+back, args...).Scan(&ours, &foreign)
	if err == nil && foreign != "" {
		return release.CannotTell(fmt.Sprintf("roll back with the version of this tool that began it; or look at the schema yourself, and remove the line of %s from %s", foreign, s.journal()),
			"whether the schema is what it was before %s: another version of this tool has written that down, and this one cannot compare it", foreign)
	}
	if err != nil || ours == 0 {
		return err
	}
	now, err := s.fingerprint(ctx)
	if err != nil {
		return err
	}
	return s.exec(ctx, `UPDATE `+s.journal()+` SET undo = CASE WHEN fingerprint = $6 THEN $3 ELSE $4 END`+back+` AND starts_with(fingerprint, $5)`, append(args, now)...)
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
	if e, ok := errors.AsType[*explained](err); ok {
		return e.code
	}
	return ""
}
