package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Server is one that scratch databases are made on.
type Server struct {
	Where string         // what kind of server it is, without its address
	Key   string         // of the configuration, that its URL is from
	URL   release.Secret // of a database on it that is there already
	Live  bool           // the live database is on it, and that is meant so
	Own   bool           // it was started for the rehearsal, and nobody else uses it
	Stop  func()         // ends a server that was started for the rehearsal; may be nil
}

// startTime is how long a server that has just been started may take to answer.
const startTime = 2 * time.Minute

// Await waits until a server answers that has just been started. Ended tells why it
// never will.
func Await(ctx context.Context, s Server, ended func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, fmt.Errorf("PostgreSQL did not answer within %v", startTime))
	defer cancel()
	at, err := locate(s.Key, s.URL)
	if err != nil {
		return err
	}
	for {
		conn, err := pgx.ConnectConfig(ctx, at.config)
		if err == nil {
			return conn.Close(ctx)
		}
		if over := ended(); over != nil {
			return release.CannotTell("correct "+s.Key+": the image has to start PostgreSQL", "start %s: %w", s.Where, over)
		}
		select {
		case <-ctx.Done():
			return release.CannotTell("correct "+s.Key+": the image has to start PostgreSQL", "start %s: %w: %w", s.Where, context.Cause(ctx), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// people makes the roles of the live database on a server of the rehearsal's own,
// for the files and policies that name them. They cannot log in.
func (s *scratch) people(ctx context.Context) error {
	if !s.on.Own {
		return nil
	}
	var names []string
	if err := s.stage.live.ask(ctx, `SELECT coalesce(array_agg(rolname::text), '{}') FROM pg_roles WHERE rolname !~ '^pg_'`, &names); err != nil {
		return err
	}
	for _, name := range names {
		_, err := s.keeper.Exec(ctx, "CREATE ROLE "+pgx.Identifier{name}.Sanitize()+" NOLOGIN")
		if err != nil && sqlState(err) != "42710" { // duplicate_object
			return s.gone(fmt.Errorf("make role %s: %w", name, err))
		}
	}
	return nil
}
