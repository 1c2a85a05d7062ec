package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// scratchPrefix begins the name of every scratch database, and of nothing else.
const scratchPrefix = "bluegreen_scratch_"

var unnamed = regexp.MustCompile(`[^a-z0-9]+`)

// newName is one of its own for each scratch database, with the end of the release's.
func (s *scratch) newName() string {
	id := strings.Trim(unnamed.ReplaceAllString(strings.ToLower(string(s.id)), "_"), "_")
	return scratchPrefix + id[max(0, len(id)-32):] + "_" + strings.ToLower(rand.Text()[:8])
}

// scratchKey is the number of the lock that the maker of a scratch database holds.
func scratchKey(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte("bluegreen rehearsal " + name))
	return int64(h.Sum64())
}

// create makes the database, behind the lock that says that its maker lives.
func (s *scratch) create(ctx context.Context) error {
	name := s.newName()
	if _, err := s.keeper.Exec(ctx, `SELECT pg_advisory_lock($1)`, scratchKey(name)); err != nil {
		return s.gone(err)
	}
	s.name = name // also if the answer is lost
	make := fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING %s", name, quoted(s.origin.encoding))
	_, err := s.keeper.Exec(ctx, make+fmt.Sprintf(" LC_COLLATE %s LC_CTYPE %s", quoted(s.origin.collate), quoted(s.origin.ctype)))
	if sqlState(err) == "42809" { // wrong_object_type: a locale that the server does not have
		s.notes = append(s.notes, fmt.Sprintf("the server has no locale %s; the scratch database sorts text by its own", s.origin.collate))
		_, err = s.keeper.Exec(ctx, make)
	}
	if err != nil {
		return s.refused(fmt.Errorf("create scratch database: %w", err))
	}
	for _, sql := range s.setUp() {
		if _, err := s.keeper.Exec(ctx, sql); err != nil {
			return s.refused(fmt.Errorf("set up scratch database: %w", err))
		}
	}
	return nil
}

// setUp says whose the database is, and on the live server holds it back.
func (s *scratch) setUp() []string {
	list := []string{fmt.Sprintf("COMMENT ON DATABASE %s IS %s", s.name,
		quoted(fmt.Sprintf("rehearsal of release %s, made at %s; bluegreen removes it", s.id, time.Now().UTC().Format(time.RFC3339))))}
	if s.on.Live {
		list = append(list, "ALTER DATABASE "+s.name+" CONNECTION LIMIT 8",
			"ALTER DATABASE "+s.name+" SET maintenance_work_mem = '64MB'",
			"ALTER DATABASE "+s.name+" SET max_parallel_maintenance_workers = 0",
			"ALTER DATABASE "+s.name+" SET max_parallel_workers_per_gather = 0")
	}
	return list
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (s *scratch) refused(err error) error {
	if sqlState(err) == "42501" { // insufficient_privilege
		return release.Refuse(s.mayHint(), "%w", err)
	}
	return s.gone(err)
}

func (s *scratch) mayHint() string {
	return "let the user of " + s.on.Key + " create databases: ALTER ROLE name CREATEDB"
}

// abandoned lists the scratch databases that this user may drop and whose makers
// hold no lock any more. Locks are seen from every database of a server.
func abandoned(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND pg_has_role(datdba, 'USAGE')`, scratchPrefix)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var dead []string
	for _, name := range names {
		var held bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
			AND (classid::bigint << 32 | objid::bigint) = $1)`, scratchKey(name)).Scan(&held)
		if err != nil {
			return nil, err
		}
		if !held {
			dead = append(dead, name)
		}
	}
	return dead, nil
}

// sweep drops what rehearsals that were killed have left.
func (s *scratch) sweep(ctx context.Context) error {
	dead, err := abandoned(ctx, s.keeper)
	if err != nil {
		return s.gone(fmt.Errorf("look for abandoned scratch databases: %w", err))
	}
	for _, name := range dead {
		if err := drop(ctx, s.keeper, name); err != nil {
			return s.gone(err)
		}
		s.notes = append(s.notes, "removed "+name+", which a rehearsal had left that was killed")
	}
	return nil
}

// drop ends the sessions of a scratch database and removes it. One that is gone
// is removed.
func drop(ctx context.Context, conn *pgx.Conn, name string) error {
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop %s: %w", name, err)
	}
	return nil
}
