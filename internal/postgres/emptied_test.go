package postgres_test

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// emptied are databases for one test after the other: PostgreSQL takes longer to make
// one than a run does.
type emptied struct {
	t    *testing.T // for which they are made
	mu   sync.Mutex
	free []release.Secret
}

// take returns one for as long as a test lasts. One that has failed keeps it.
func (e *emptied) take(t testing.TB) release.Secret {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.free) == 0 {
		e.free = append(e.free, release.Secret(lab.Postgres(e.t)))
	}
	url := e.free[0]
	e.free = e.free[1:]
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		if err := empty(url); err != nil {
			t.Errorf("empty the database: %v", err)
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.free = append(e.free, url)
	})
	return url
}

// written is a database as SQL that brings an empty one to the same state.
func written(t testing.TB, s migration.Settings) string {
	t.Helper()
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	u.User = url.User(u.User.Username())
	dump, err := process.Output(t.Context(), process.Command{Path: "pg_dump", Args: []string{"--inserts", "--dbname=" + u.String()}, Env: []string{"PATH=" + os.Getenv("PATH"), "PGPASSWORD=" + password}})
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAllString(string(dump), "") // which is for psql alone
}

// empty ends what a killed run has left running in a database, and removes what is in it.
func empty(url release.Secret) error {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 600000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err == nil {
		_, err = conn.Exec(ctx, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	}
	return err
}
