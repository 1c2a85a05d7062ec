package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Diagnose asks the database how it is: how fast it answers, its version and
// connections, and the configured counts, each within 5 s. It reads only, and
// returns what it could get, with the reasons for what it could not.
func (d *Database) Diagnose(ctx context.Context) migration.Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	report := migration.Diagnosis{Version: migration.None}
	conn, err := d.connect(ctx, "bluegreen diagnosis", parameters{"statement_timeout": "5s", "lock_timeout": "1s", "default_transaction_read_only": "on"})
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
		return report
	}
	defer shut(ctx, conn)
	note := func(what string, err error) {
		if err != nil {
			report.Problems = append(report.Problems, fmt.Sprintf("%s: %v", what, err))
		}
	}
	began := time.Now()
	if _, err := conn.Exec(ctx, "SELECT 1"); err != nil {
		note("ask database", err)
		return report
	}
	report.Answer = time.Since(began)
	state, err := d.state(ctx, conn)
	note("schema", err)
	report.Version, report.Dirty = state.Version, state.Dirty
	note("connections", conn.QueryRow(ctx, `SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'`).
		Scan(&report.Connections, &report.Limit))
	for _, name := range slices.Sorted(maps.Keys(d.settings.Counts)) {
		c := migration.Count{Name: name}
		if err := count(ctx, conn, d.settings.Counts[name], &c.Value); err != nil {
			note(name, err)
			continue
		}
		report.Counts = append(report.Counts, c)
	}
	return report
}

// count runs a configured query in a transaction that cannot write.
func count(ctx context.Context, conn *pgx.Conn, query string, into *int64) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	return tx.QueryRow(ctx, query).Scan(into)
}
