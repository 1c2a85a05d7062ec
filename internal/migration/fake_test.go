package migration_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// folder writes files and returns their folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func settings(t testing.TB, files map[string]string) migration.Settings {
	t.Helper()
	s := migration.Settings{
		URL: "postgres://u:p@h/d", Folder: folder(t, files), Table: "schema_migrations", Contract: migration.Contracting{Table: "bluegreen_contract"}, Down: migration.Never,
		LockTimeout: 100 * time.Millisecond, LockBudget: 5 * time.Minute, StatementTimeout: 15 * time.Minute,
		IndexTimeout: 2 * time.Hour, Wait: 30 * time.Minute,
		Backup:   migration.Backups{Directory: filepath.Join(t.TempDir(), "backups"), Keep: 7, Policy: migration.WhenPending, MinimumRatio: 0.5, Timeout: time.Hour},
		Backfill: migration.Batches{Target: 100 * time.Millisecond, Timeout: 10 * time.Second, MaxLag: 10 * time.Second},
	}
	if err := errors.Join(s.Check(), s.Backup.Check(), s.Backfill.Check()); err != nil {
		t.Fatal(err)
	}
	return s
}

// database is a Database and its Session in memory. Each Try asks try first, which
// may say that the file ends in an error.
type database struct {
	t      *testing.T
	state  migration.State
	try    func(step migration.Step, n int) error // nil applies everything
	settle error
	rows   *filling // of every backfill
	calls  []string
	n      int
}

func newDatabase(t *testing.T, v migration.Version) *database {
	return &database{t: t, state: migration.State{Version: v, Server: "15.4", Database: "shop", System: "7", Journal: map[migration.Version]migration.Entry{}}}
}

func (d *database) State(context.Context) (migration.State, error) {
	s := d.state
	s.Journal = maps.Clone(s.Journal)
	return s, nil
}

func (d *database) Lock(_ context.Context, _ release.ID, waiting func(string)) (migration.Session, error) {
	d.calls = append(d.calls, "lock")
	waiting("pid 7, another run")
	return d, nil
}

func (d *database) Settle(ctx context.Context, _ migration.Set) (migration.State, error) {
	if d.settle != nil {
		return migration.State{}, d.settle
	}
	return d.State(ctx)
}

func (d *database) Try(ctx context.Context, step migration.Step) ([]string, error) {
	d.n++
	d.calls = append(d.calls, "try "+step.Up.Name)
	if step.Previous != d.state.Version {
		d.t.Errorf("%s: previous %v, want %v", step.Up.Name, step.Previous, d.state.Version)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if d.try != nil {
		if err := d.try(step, d.n); err != nil {
			return nil, err
		}
	}
	d.apply(step)
	return []string{"table t"}, nil
}

func (d *database) apply(step migration.Step) {
	d.state.Version = step.Version
	d.state.Journal[step.Version] = migration.Entry{Version: step.Version, Previous: step.Previous, File: step.Up.Name, SHA256: step.Up.SHA256,
		Release: step.Release, Nature: step.Up.Script.Nature, Applied: true, Settled: true, At: time.Now()}
}

func (d *database) Fill(_ context.Context, f migration.Fill, again bool, _ func(migration.Event)) (migration.Filling, error) {
	if d.rows == nil {
		d.t.Errorf("%v: no backfill was expected", f)
	}
	d.calls = append(d.calls, fmt.Sprintf("fill %s %t", f.Table, again))
	d.rows.done = func() {
		d.state.Filled = map[migration.FillID]migration.Filled{f.FillID: {SHA256: f.SHA256, Done: true}}
	}
	return d.rows, nil
}

func (d *database) Rest(_ context.Context, fills []migration.Fill) (all []migration.Rest, err error) {
	for _, f := range fills {
		all = append(all, migration.Rest{Fill: f, Rows: int64(d.rows.left)})
	}
	return all, nil
}

func (d *database) Swept(_ context.Context, fills []migration.Fill) error {
	for _, f := range fills {
		d.calls = append(d.calls, fmt.Sprintf("swept %s", f.Table))
		d.state.Filled[f.FillID] = migration.Filled{SHA256: f.SHA256, Done: true, Swept: true}
	}
	return nil
}

func (d *database) Reopen(_ context.Context, id migration.FillID) error {
	d.calls = append(d.calls, fmt.Sprintf("reopen %v", id.Version))
	now := d.state.Filled[id]
	now.Swept = false
	d.state.Filled[id] = now
	return nil
}

func (d *database) Hold(_ context.Context, files []migration.Held) error {
	for _, f := range files {
		d.calls = append(d.calls, "hold "+f.Up.Name)
	}
	return nil
}

func (d *database) Undo(_ context.Context, step migration.Step) error {
	d.calls = append(d.calls, "undo "+step.Down.Name)
	if d.try != nil {
		if err := d.try(step, 0); err != nil {
			return err
		}
	}
	delete(d.state.Journal, step.Version)
	d.state.Version = step.Previous
	return nil
}

func (d *database) Close() { d.calls = append(d.calls, "unlock") }

// dumper writes content and reads back what it is told to.
type dumper struct {
	content string
	err     error // of Dump, after the content
	tables  []migration.Table
	read    migration.Contents
	bad     error // of Contents
	schema  migration.Version
	rows    map[string]migration.Rows
	calls   int
}

var users = []migration.Table{{OID: 1, Name: "public.users", Data: true}, {OID: 2, Name: "public.events"}}

func goodDumper() *dumper {
	return &dumper{content: "a backup of some size", tables: users, schema: migration.None,
		read: migration.Contents{Defined: map[uint32]bool{1: true, 2: true}, Filled: map[uint32]bool{1: true}}}
}

func (d *dumper) Dump(_ context.Context, w io.Writer) (migration.Dumped, error) {
	d.calls++
	_, err := io.WriteString(w, d.content)
	return migration.Dumped{Server: "15.4", Tool: "16.1", Schema: d.schema, Tables: d.tables, Rows: d.rows, At: time.Now()}, errors.Join(err, d.err)
}

func (d *dumper) Contents(_ context.Context, path string) (migration.Contents, error) {
	text, err := os.ReadFile(path)
	if err == nil && string(text) != d.content {
		err = errors.New("other content")
	}
	return d.read, errors.Join(err, d.bad)
}

// found is the evidence by id.
func found(seen *release.Findings) map[string]release.Evidence {
	m := map[string]release.Evidence{}
	for _, e := range seen.List() {
		m[e.ID] = e
	}
	return m
}
