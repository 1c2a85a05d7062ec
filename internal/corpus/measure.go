package corpus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Outcome is what became of one file.
type Outcome struct {
	Path       string
	Statements int
	Fate       Fate
	Why        string // it was not compared, or not with rows
	Unread     bool   // the review said that it cannot read all of it
	Knowing    []Comparison
}

// Fate is how a file ran.
type Fate string

// The fates.
const (
	Traced  Fate = "compared"
	Empty   Fate = "compared without rows"
	Applied Fate = "applied, not compared"
	Failed  Fate = "does not run"
)

// Comparison is the review held against the server, with what it knew of the tables.
type Comparison struct {
	From                  string
	Right, Missed, Extras []Fact
}

// Measure applies a project to the database at the address, which is empty, and
// returns what became of each file.
func Measure(ctx context.Context, parser review.Parser, address string, p Project) ([]Outcome, error) {
	db, err := postgres.New(migration.Settings{URL: release.Secret(address)})
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, address, "SET session_replication_role = replica")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	m := &measurement{address: address, db: db, parser: parser, filler: filler{conn, map[uint32]string{}}, files: review.NewSchema("files")}
	m.files.UTC = true // as the lab's server has it
	var all []Outcome
	for _, f := range p.Files {
		o, err := m.file(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", f.Path, err)
		}
		all = append(all, o)
	}
	return all, nil
}

type measurement struct {
	address string
	db      *postgres.Database
	parser  review.Parser
	filler  filler
	files   *review.Schema // what the files before have told
}

// file reviews one file with either knowledge, runs it, and compares.
func (m *measurement) file(ctx context.Context, f File) (Outcome, error) {
	o := Outcome{Path: f.Path}
	if err := m.filler.fill(ctx); err != nil {
		return o, err
	}
	catalogue, err := m.db.Catalogue(ctx)
	if err != nil {
		return o, err
	}
	var said []facts
	for _, schema := range []*review.Schema{catalogue, m.files} {
		r, err := review.Run(m.parser, []review.File{{Path: f.Path, SQL: f.SQL}}, schema, review.Options{Version: 15, LockTimeout: time.Second, Apart: true})
		if err != nil {
			return o, err
		}
		said = append(said, saidOf(r.Files[0]))
		o.Statements, o.Unread = len(r.Files[0].Statements), unread(r)
	}
	seen, err := m.run(ctx, f, &o)
	if err != nil || seen == nil {
		return o, err
	}
	o.Knowing = []Comparison{compare("catalog", said[0], seen), compare("files", said[1], seen)}
	return o, nil
}

func unread(r review.Review) bool {
	for _, f := range r.Findings() {
		if f.Rule.ID == "unread-code" {
			return true
		}
	}
	return false
}

// compare leaves out the scans of tables with no or few rows.
func compare(from string, said facts, seen *sight) Comparison {
	said = said.before(seen.was)
	for _, r := range seen.before {
		if r.rows < few {
			delete(said, Fact{Kind: Scan, On: r.name})
		}
	}
	missed := seen.without(said)
	found := seen.without(factsOf(missed))
	return Comparison{from, found, missed, said.without(seen.facts)}
}

func factsOf(list []Fact) facts {
	s := facts{}
	for _, f := range list {
		s[f] = true
	}
	return s
}

// run applies a file: in a transaction that is looked at, with rows and else without;
// or statement by statement. It returns nil facts when there was nothing to look at.
func (m *measurement) run(ctx context.Context, f File, o *Outcome) (*sight, error) {
	list, err := m.parser.Parse(f.SQL)
	if err != nil {
		o.Fate, o.Why = Failed, err.Error()
		return nil, nil
	}
	sql, whole := unwrap(f.SQL, list)
	for _, fate := range []Fate{Traced, Empty} {
		if !whole {
			o.Why = "it ends its transaction"
			break
		}
		seen, err := m.traced(ctx, sql)
		if err == nil {
			o.Fate, seen.was = fate, seen.old(renamed(list))
			return seen, nil
		}
		refused, ours := errors.AsType[*pgconn.PgError](err)
		if !ours {
			return nil, err
		}
		o.Why = reason(refused)
		if refused.Code == "25001" {
			break
		}
		if err := m.filler.clear(ctx); err != nil {
			return nil, err
		}
	}
	o.Fate = Applied
	if err := m.apart(ctx, list); err != nil {
		o.Fate, o.Why = Failed, err.Error()
	}
	return nil, nil
}

func reason(e *pgconn.PgError) string {
	return strings.TrimSpace(e.Message+" "+e.Detail) + " (" + e.Code + ")"
}

func (m *measurement) traced(ctx context.Context, sql string) (*sight, error) {
	before, err := look(ctx, m.filler.conn)
	if err != nil {
		return nil, fmt.Errorf("look at the tables: %w", err)
	}
	conn, err := connect(ctx, m.address, "SET statement_timeout = '60s'")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return trace(ctx, conn, sql, before)
}

// apart runs the statements one by one, each in a transaction of its own unless the
// file begins one.
func (m *measurement) apart(ctx context.Context, list []review.Statement) error {
	conn, err := connect(ctx, m.address, "SET statement_timeout = '60s'")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, st := range list {
		if err := execute(ctx, conn, st.Text); err != nil {
			return fmt.Errorf("line %d: %w", st.Line, err)
		}
	}
	return nil
}

// unwrap takes a file's own BEGIN and COMMIT off, and tells whether the rest is one
// transaction.
func unwrap(sql string, list []review.Statement) (string, bool) {
	var inner []string
	for i, st := range list {
		switch edge := i == 0 || i == len(list)-1; {
		case !ends(st):
			inner = append(inner, st.Text)
		case !edge:
			return "", false
		}
	}
	if len(inner) == len(list) {
		return sql, true
	}
	return strings.Join(inner, ";\n"), true
}

func ends(st review.Statement) bool {
	for _, a := range st.Acts {
		switch a.Op {
		case review.Begin, review.Commit, review.Rollback:
			return true
		}
	}
	return false
}

func connect(ctx context.Context, address, first string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	if err := execute(ctx, conn, first); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the session: %w", err), conn.Close(ctx))
	}
	return conn, nil
}
