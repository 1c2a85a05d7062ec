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
		return nil, release.Reject(urlHint, "database.url is missing")
	}
	at, err := locate(s.URL)
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
	hint := "check database.url, and that this runner may connect to the database"
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(pg.Message, "startup parameter") {
		hint = poolerHint
	}
	return release.CannotTell(hint, "connect to database: %w", err)
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
	return d.state(ctx, conn)
}
