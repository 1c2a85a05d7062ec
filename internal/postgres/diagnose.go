package postgres

import (
	"context"
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
	r := &diagnosis{Diagnosis: migration.Diagnosis{Version: migration.None}}
	conn, err := d.connect(ctx, "bluegreen diagnosis", parameters{"statement_timeout": "5s", "lock_timeout": "1s", "default_transaction_read_only": "on"})
	if !r.good("", err) {
		return r.Diagnosis
	}
	defer shut(ctx, conn)
	began := time.Now()
	if _, err := conn.Exec(ctx, "SELECT 1"); !r.good("ask database: ", err) {
		return r.Diagnosis
	}
	r.Answer = time.Since(began)
	if state, err := d.state(ctx, conn); r.good("", err) {
		r.Version, r.Dirty = state.Version, state.Dirty
	}
	r.good("count connections: ", conn.QueryRow(ctx, connections).Scan(&r.Connections, &r.Limit))
	r.counts(ctx, conn, d.settings.Counts)
	return r.Diagnosis
}

const connections = `SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'`

// diagnosis is a Diagnosis that is being made.
type diagnosis struct{ migration.Diagnosis }

// good keeps an error, and tells whether there was none.
func (r *diagnosis) good(what string, err error) bool {
	if err != nil {
		r.Problems = append(r.Problems, what+err.Error())
	}
	return err == nil
}

func (r *diagnosis) counts(ctx context.Context, conn *pgx.Conn, queries map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		c := migration.Count{Name: name}
		if r.good(name+": ", count(ctx, conn, queries[name], &c.Value)) {
			r.Counts = append(r.Counts, c)
		}
	}
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
