package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Database is one PostgreSQL database. It opens connections as it needs them and
// keeps none. It is safe for concurrent use.
type Database struct {
	settings migration.Settings
	at       address

	mu    sync.Mutex
	found *tools // nil until they are needed
}

// New returns the database of the settings. It does not connect.
func New(s migration.Settings) (*Database, error) {
	if s.URL == "" {
		return nil, release.Reject(urlHint(liveKey), "database.url is missing")
	}
	at, err := locate(liveKey, s.URL)
	if err != nil {
		return nil, err
	}
	return &Database{settings: s, at: at}, nil
}

// patience bounds questions that PostgreSQL answers from its catalog.
const patience = 10 * time.Second

// parameters of a connection, for the time that it lasts.
type parameters map[string]string

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// asking are the parameters of a connection that only asks.
var asking = parameters{"statement_timeout": milliseconds(patience), "lock_timeout": milliseconds(patience / 2)}

// config is a copy of the address with these parameters and a name that other
// sessions see.
func (d *Database) config(name string, p parameters) *pgx.ConnConfig {
	c := d.at.config.Copy()
	for key, value := range p {
		c.RuntimeParams[key] = value
	}
	c.RuntimeParams["application_name"] = name[:min(len(name), 63)]
	return c
}

func (d *Database) connect(ctx context.Context, name string, p parameters) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, d.config(name, p))
	if err != nil {
		return nil, unreachable(err)
	}
	return conn, nil
}

const poolerHint = "let database.url lead to PostgreSQL itself: a pooler such as PgBouncer loses locks and timeouts between statements"

func unreachable(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(pg.Message, "startup parameter") {
		return release.Reject(poolerHint, "connect to database: a pooler answers, not PostgreSQL: %w", err)
	}
	return release.CannotTell("check database.url, and that this runner may connect to the database", "connect to database: %w", err)
}

// direct refuses a connection through a pooler, whatever its mode. A pooler gives
// its clients numbers of its own, with which they cancel; and what it does not know
// of the parameters of a connection, it may drop in silence.
func direct(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	var taken bool
	const query = `SELECT pg_backend_pid()::bigint, current_setting('lock_timeout')::interval = $1::text::interval`
	err := conn.QueryRow(ctx, query, pgx.QueryExecModeSimpleProtocol, asking["lock_timeout"]).Scan(&pid, &taken) // in one message, which any pooler passes on
	switch {
	case err != nil:
		return fmt.Errorf("look whether the connection is direct: %w", err)
	case pid != conn.PgConn().PID():
		return release.Reject(poolerHint, "a pooler answers, not PostgreSQL: the session has another number than the connection was given")
	case !taken:
		return release.Reject(poolerHint, "a pooler answers, not PostgreSQL: the lock timeout of the connection was not taken")
	}
	return nil
}

// shut closes a connection, also when ctx has ended.
func shut(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = conn.Close(ctx) // what it was for is done, or has its own error
}

// State reads the version, the journal and the invalid indexes in one snapshot.
func (d *Database) State(ctx context.Context) (migration.State, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	conn, err := d.connect(ctx, "bluegreen state", asking)
	if err != nil {
		return migration.State{}, err
	}
	defer shut(ctx, conn)
	if err := direct(ctx, conn); err != nil {
		return migration.State{}, err
	}
	return d.state(ctx, conn)
}
