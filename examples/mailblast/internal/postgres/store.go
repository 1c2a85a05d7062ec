// Package postgres keeps campaigns, messages and tracking events.
//
// It promises that an accepted send is durable before it is acknowledged: its
// messages are the outbox, written in one transaction. It works with the
// schema of every migration from 001 on; what a later one adds is used only
// when the feature that needs it is switched on.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is the database behind one process.
type Store struct {
	pool     *pgxpool.Pool
	slot     string
	metadata bool
	domain   bool
	connects *connects
}

// Options say how a store is used.
type Options struct {
	Slot        string
	Program     string // backend or worker; seen in pg_stat_activity
	Connections int    // at most
	Metadata    bool   // campaigns have metadata (migration 002)
	Domain      bool   // messages have the domain of their recipient (migration 004)
}

// statementTimeout bounds every statement, on the server.
const statementTimeout = "5s"

// Open prepares a pool. It does not connect yet, so that a process can start,
// and answer tracking, while the database is cut.
func Open(url string, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL URL: set it to postgres://user:password@host:port/database")
	}
	config.MaxConns = int32(o.Connections)
	config.ConnConfig.ConnectTimeout = 2 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "mailblast-" + o.Program + "-" + o.Slot
	config.ConnConfig.RuntimeParams["statement_timeout"] = statementTimeout
	tracer := new(connects)
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("prepare pool: %w", err)
	}
	return &Store{pool: pool, slot: o.Slot, metadata: o.Metadata, domain: o.Domain, connects: tracer}, nil
}

// Close returns when all connections are closed.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers a query.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, "SELECT 1"); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Usage is the share of the pool's connections that are in use, 0 to 1.
func (s *Store) Usage() float64 {
	stat := s.pool.Stat()
	return float64(stat.AcquiredConns()) / float64(stat.MaxConns())
}
