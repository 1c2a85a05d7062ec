package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Stage rehearses migrations on scratch databases. Each is locked by the session
// that made it, so that the next rehearsal can tell one that was abandoned.
type Stage struct {
	live  *Database
	start func(context.Context) (Server, error)
}

// NewStage is a stage for a live database. A server is started for each scratch
// database, or is there already.
func NewStage(live *Database, start func(context.Context) (Server, error)) *Stage {
	return &Stage{live, start}
}

// Size is that of the live database.
func (s *Stage) Size(ctx context.Context) (release.Size, error) {
	var size int64
	err := s.live.ask(ctx, `SELECT pg_database_size(current_database())`, &size)
	return release.Size(size), err
}

// ask asks the live database for one row.
func (d *Database) ask(ctx context.Context, sql string, into ...any) error {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	conn, err := d.connect(ctx, "bluegreen rehearsal", asking)
	if err != nil {
		return err
	}
	defer shut(ctx, conn)
	if err := conn.QueryRow(ctx, sql).Scan(into...); err != nil {
		return fmt.Errorf("ask database: %w", err)
	}
	return nil
}

// origin is what a scratch database has to have in common with the live one.
type origin struct {
	server, system           string
	encoding, collate, ctype string
	path, zone               string
}

const asOrigin = `
	SELECT split_part(current_setting('server_version'), ' ', 1), (SELECT system_identifier::text FROM pg_control_system()),
		pg_encoding_to_char(encoding), datcollate, datctype,
		(SELECT coalesce(string_agg(quote_ident(s), ', '), '') FROM unnest(current_schemas(false)) s), current_setting('timezone')
	FROM pg_database WHERE datname = current_database()`

func (s *Stage) origin(ctx context.Context) (o origin, err error) {
	err = s.live.ask(ctx, asOrigin, &o.server, &o.system, &o.encoding, &o.collate, &o.ctype, &o.path, &o.zone)
	return o, err
}

// Open makes a scratch database and fills it. What it has made is removed again
// when that fails.
func (s *Stage) Open(ctx context.Context, from migration.Source, id release.ID) (migration.Scratch, error) {
	origin, err := s.origin(ctx)
	if err != nil {
		return nil, err
	}
	server, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	made := &scratch{stage: s, origin: origin, on: server, id: id, from: from}
	if err := made.open(ctx); err != nil {
		return nil, discard(ctx, made, err)
	}
	return made, nil
}

// Check says whether a scratch database could be made: the server is there, of the
// same version, and not the live one by mistake.
func (s *Stage) Check(ctx context.Context) (where string, err error) {
	origin, err := s.origin(ctx)
	if err != nil {
		return "", err
	}
	server, err := s.start(ctx)
	if err != nil {
		return "", err
	}
	probe := &scratch{stage: s, origin: origin, on: server, id: "check"}
	err = probe.reach(ctx)
	if err == nil {
		err = probe.mayCreate(ctx)
	}
	return server.Where, errors.Join(err, probe.Close(ctx))
}

// mayCreate tells whether the user of the server may make databases.
func (s *scratch) mayCreate(ctx context.Context) error {
	var may bool
	if err := s.keeper.QueryRow(ctx, `SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user`).Scan(&may); err != nil {
		return s.gone(err)
	}
	if !may {
		return release.Refuse(s.mayHint(), "the user of %s may not create databases", s.on.Key)
	}
	return nil
}

func discard(ctx context.Context, s *scratch, err error) error {
	ctx, cancel := apart(ctx)
	defer cancel()
	if left := s.Close(ctx); left != nil {
		return fmt.Errorf("%w; the scratch database was not removed, the next rehearsal does it: %v", err, left)
	}
	return err
}

func (s *scratch) open(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.reach, s.people, s.sweep, s.create, s.fill, s.begin, s.watch} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reach connects to the server and refuses one that shows something else than the
// live one would, or that is the live one by mistake.
func (s *scratch) reach(ctx context.Context) error {
	at, err := locate(s.on.Key, s.on.URL)
	if err != nil {
		return err
	}
	if s.keeper, err = s.keep(ctx, at); err != nil {
		return err
	}
	var system string
	err = s.keeper.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1), system_identifier::text FROM pg_control_system()`).Scan(&s.version, &system)
	switch {
	case err != nil:
		return s.gone(err)
	case major(s.version) != major(s.origin.server):
		return release.Refuse(fmt.Sprintf("use a server of version %d", major(s.origin.server)),
			"%s is PostgreSQL %s, and the live one %s: their locks and rewrites differ", s.on.Where, s.version, s.origin.server)
	case system == s.origin.system && !s.on.Live:
		return release.Refuse("use another server; or, if the live one is meant and has room, set database.rehearsal.where to production",
			"%s leads to the server of database.url, or to a copy of its files", s.on.Key)
	}
	return nil
}

// alive makes the server notice soon that this machine has gone, and that the
// scratch database is abandoned.
var alive = parameters{"tcp_keepalives_idle": "60", "tcp_keepalives_interval": "15", "tcp_keepalives_count": "4", "idle_in_transaction_session_timeout": "0"}

func (s *scratch) keep(ctx context.Context, at address) (*pgx.Conn, error) {
	c := (&Database{at: at}).config("bluegreen rehearsal "+string(s.id), alive)
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, release.CannotTell("check "+s.on.Key+", and that this runner may connect to the server; or set database.rehearsal.where to off",
			"connect to %s: %w", s.on.Where, err)
	}
	_, err = conn.Exec(ctx, `SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('idle_session_timeout', true) IS NOT NULL`)
	return conn, err
}

// url is that of the scratch database, with the search path and time zone that
// sessions of the live one have.
func (s *scratch) url() (release.Secret, error) {
	u, err := url.Parse(s.on.URL.Reveal())
	if err != nil {
		return "", release.Reject(urlHint(s.on.Key), "%s is not a URL", s.on.Key)
	}
	u.Path, u.RawQuery = "/"+s.name, with(u.RawQuery, "search_path", s.origin.path, "timezone", s.origin.zone)
	return release.Secret(u.String()), nil
}

// with sets parameters of a query and leaves the others as they are written: libpq
// and pgx, other than net/url, take + for itself.
func with(query string, pairs ...string) string {
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if i := slices.Index(pairs, key); part != "" && (i < 0 || i%2 == 1) {
			parts = append(parts, part)
		}
	}
	for pair := range slices.Chunk(pairs, 2) {
		parts = append(parts, pair[0]+"="+strings.ReplaceAll(url.QueryEscape(pair[1]), "+", "%20"))
	}
	return strings.Join(parts, "&")
}
