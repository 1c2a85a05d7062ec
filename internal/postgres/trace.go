package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// tracing is the schema of what reads traces in a scratch database.
const tracing = "bluegreen_rehearsal"

// watchers are made once in a scratch database. look runs in the transaction of a
// file, between its statements, where every lock that the transaction has taken is
// still held. What it writes down is there if and only if the file was applied.
//
// Relations are followed by their OIDs: a file may rename them. Every new file of a
// table is a rewrite, or a truncation. The counters are those of the session, which
// a file has for itself.
const watchers = `
	CREATE SCHEMA ` + tracing + `;
	CREATE TABLE ` + tracing + `.before (oid oid PRIMARY KEY, schema text, name text, node oid);
	CREATE TABLE ` + tracing + `.seen (n int, oid oid, modes text[], node oid, returned bigint, added bigint, changed bigint, at timestamptz);
	CREATE FUNCTION ` + tracing + `.look(int) RETURNS void LANGUAGE sql SET search_path = pg_catalog AS $look$
		INSERT INTO ` + tracing + `.seen SELECT $1, 0, '{}', 0, 0, 0, 0, clock_timestamp();
		INSERT INTO ` + tracing + `.seen
			SELECT $1, b.oid, l.modes, coalesce(pg_relation_filenode(b.oid), 0), pg_stat_get_xact_tuples_returned(b.oid),
				pg_stat_get_xact_tuples_inserted(b.oid), pg_stat_get_xact_tuples_updated(b.oid) + pg_stat_get_xact_tuples_deleted(b.oid), clock_timestamp()
			FROM ` + tracing + `.before b JOIN (SELECT relation, array_agg(mode) AS modes FROM pg_locks WHERE pid = pg_backend_pid() AND granted AND locktype = 'relation'
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY relation) l ON l.relation = b.oid
	$look$`

// remember writes down which relations are there before a file.
const remember = `
	WITH gone AS (DELETE FROM ` + tracing + `.seen)
	INSERT INTO ` + tracing + `.before SELECT c.oid, ` + plainSchema + `, c.relname, coalesce(pg_relation_filenode(c.oid), 0)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> $1 AND c.relname <> ALL ($2) AND` + ofUsers

// start is the number of the look before the first statement of a file.
const start = -1

// watch prepares the scratch database for traces.
func (s *scratch) watch(ctx context.Context) (err error) {
	if s.conn, err = s.db.connect(ctx, "bluegreen rehearsal "+string(s.id), parameters{"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}); err != nil {
		return s.gone(err)
	}
	if _, err := s.conn.Exec(ctx, watchers); err != nil {
		return s.refused(fmt.Errorf("prepare scratch database: %w", err))
	}
	s.session.woven = s.woven
	return nil
}

// woven are the files with a look behind every statement of those that are one
// transaction.
func (s *scratch) woven(set migration.Set) files {
	return files{
		set: set,
		up: func(m migration.Migration) string {
			return weave(m.Up.Script, s.session.mark(m.Version)+";")
		},
		down: func(m migration.Migration) string { return weave(m.Down.Script, "") },
	}
}

func look(n int) string { return fmt.Sprintf("SELECT %s.look(%d);", tracing, n) }

// weave puts the looks into a script, and the mark of the journal behind the last.
// SET is not looked behind, and the first look is behind those that begin the file: SET
// TRANSACTION has to come before every query of its transaction. They take no lock.
func weave(script migration.Script, mark string) string {
	if script.Nature != migration.Atomic || script.Empty() {
		return script.Text
	}
	first, last := script.Inner()
	for first < last && script.Statements[first].Words[0] == "SET" {
		first++
	}
	text := script.Woven(func(i int) (more string) {
		switch {
		case i == first-1:
			return look(start)
		case i < first || i > last:
			return ""
		case script.Statements[i].Words[0] != "SET":
			more = look(i)
		}
		if i == last {
			more += mark
		}
		return more
	})
	if first == 0 {
		return look(start) + " " + text
	}
	return text
}

// traced runs a file and reads what the server has shown of it.
func (s *scratch) traced(ctx context.Context, f migration.File, run func() error) (migration.Trace, error) {
	if _, err := s.conn.Exec(ctx, "TRUNCATE "+tracing+".before"); err != nil {
		return migration.Trace{}, s.gone(err)
	}
	if _, err := s.conn.Exec(ctx, remember, tracing, s.db.ours()); err != nil {
		return migration.Trace{}, s.gone(err)
	}
	w, err := s.besides(ctx, f.Script)
	if err != nil {
		return migration.Trace{}, err
	}
	defer w.close(ctx)
	began := time.Now()
	if err := run(); err != nil {
		return migration.Trace{}, err
	}
	t := migration.Trace{Took: time.Since(began), Exact: f.Script.Nature == migration.Atomic}
	if t.Exact {
		t.Statements, err = s.read(ctx, f.Script)
	} else {
		t.Statements, err = w.read(ctx, f.Script, t.Took)
	}
	if err != nil {
		return t, s.gone(fmt.Errorf("read trace: %w", err))
	}
	return t, nil
}
