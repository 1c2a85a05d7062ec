package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func (d *Database) state(ctx context.Context, conn *pgx.Conn) (migration.State, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return migration.State{}, fmt.Errorf("read schema version: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	s, err := d.read(ctx, tx)
	if err != nil {
		return migration.State{}, fmt.Errorf("read schema version: %w", err)
	}
	return s, nil
}

func (d *Database) read(ctx context.Context, tx pgx.Tx) (migration.State, error) {
	s := migration.State{Version: migration.None, Journal: map[migration.Version]migration.Entry{}}
	var schema string
	err := tx.QueryRow(ctx, `SELECT coalesce(current_schema(), ''), current_database(), split_part(current_setting('server_version'), ' ', 1), system_identifier::text
		FROM pg_control_system()`).Scan(&schema, &s.Database, &s.Server, &s.System)
	if err != nil {
		return s, err
	}
	if schema == "" {
		return s, release.Reject("give the user of database.url a search_path with a schema that exists", "the search path of the database has no schema")
	}
	if s.Version, s.Dirty, err = d.version(ctx, tx, schema); err != nil {
		return s, err
	}
	if err := d.journal(ctx, tx, schema, &s); err != nil {
		return s, err
	}
	if s.Filled, err = d.filled(ctx, tx, schema); err != nil {
		return s, err
	}
	if s.Holds, err = d.holds(ctx, tx, schema); err != nil {
		return s, err
	}
	s.Invalid, err = invalid(ctx, tx)
	return s, err
}

// version reads golang-migrate's table, which may not be there yet.
func (d *Database) version(ctx context.Context, tx pgx.Tx, schema string) (migration.Version, bool, error) {
	there, err := exists(ctx, tx, schema, d.settings.Table)
	if err != nil || !there {
		return migration.None, false, err
	}
	var v migration.Version
	var dirty bool
	err = tx.QueryRow(ctx, `SELECT version, dirty FROM `+table(schema, d.settings.Table)+` LIMIT 1`).Scan(&v, &dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return migration.None, false, nil
	}
	return v, dirty, err
}

func (d *Database) journal(ctx context.Context, tx pgx.Tx, schema string, into *migration.State) error {
	there, err := exists(ctx, tx, schema, migration.Journal)
	if err != nil || !there {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT version, previous, file, sha256, release, nature, applied_at IS NOT NULL, settled_at IS NOT NULL, coalesce(applied_at, started_at), to_jsonb(j)
		FROM `+table(schema, migration.Journal)+` j WHERE versions = $1`, d.settings.Table)
	if err != nil {
		return err
	}
	var e migration.Entry
	var id, nature string
	var at time.Time
	var more learned
	_, err = pgx.ForEachRow(rows, []any{&e.Version, &e.Previous, &e.File, &e.SHA256, &id, &nature, &e.Applied, &e.Settled, &at, &more}, func() error {
		e.Release, e.Nature, e.At = release.ID(id), migration.Nature(nature), at
		e.Proof, e.Breaks, e.Made, e.Fingerprint, e.Undo, e.Ill = more.Proof, more.Breaks, more.Made, current(more.Fingerprint), more.Undo, more.Ill
		if more = (learned{}); e.Undo == migration.Differs {
			into.Differs = append(into.Differs, e)
		} else {
			into.Journal[e.Version] = e
		}
		return nil
	})
	return err
}

// learned is what a line of the journal has in columns that an older journal lacks.
type learned struct {
	Proof       *migration.Proof `json:"proof"`
	Breaks      []string         `json:"breaks"`
	Made        []string         `json:"made"`
	Fingerprint string           `json:"fingerprint"`
	Undo        migration.Undo   `json:"undo"`
	Ill         []string         `json:"ill"`
}

func exists(ctx context.Context, tx pgx.Tx, schema, name string) (bool, error) {
	var there bool
	err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table(schema, name)).Scan(&there)
	return there, err
}

// invalid lists the indexes that PostgreSQL does not use and does not build.
func invalid(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT i.indexrelid::regclass::text FROM pg_index i
		WHERE NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
		ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func table(schema, name string) string { return pgx.Identifier{schema, name}.Sanitize() }
