package postgres

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// connects counts connections that could not be made. Queries are no concern of
// it.
type connects struct{ failed atomic.Int64 }

func (c *connects) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

func (c *connects) TraceConnectEnd(_ context.Context, end pgx.TraceConnectEndData) {
	if end.Err != nil && !errors.Is(end.Err, context.Canceled) {
		c.failed.Add(1)
	}
}

func (c *connects) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *connects) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// ConnectionFailures is how many connections could not be made so far.
func (s *Store) ConnectionFailures() float64 { return float64(s.connects.failed.Load()) }
