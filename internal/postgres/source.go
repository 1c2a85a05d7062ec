package postgres

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// files gives golang-migrate the very files that were checked, with the journal's
// mark in the transaction of each file that is one. The version that the database has
// before the step may be one that a rollback kept, and whose file another commit has:
// golang-migrate wants to see it, and runs nothing of it.
type files struct {
	set    migration.Set
	behind migration.Version                // that the database has before the step
	up     func(migration.Migration) string // the text that goes up
	down   func(migration.Migration) string
}

// files are those of a set, with the journal's marks.
func (s *session) files(set migration.Set) files {
	if s.woven != nil {
		return s.woven(set)
	}
	return files{
		set:  set,
		up:   func(m migration.Migration) string { return m.Up.Script.Marked(s.mark(m.Version)) },
		down: func(m migration.Migration) string { return m.Down.Script.Text },
	}
}

var _ source.Driver = files{}

// Open is for sources that are made from a URL, which this one is not.
func (f files) Open(string) (source.Driver, error) { return nil, fs.ErrInvalid }

// Close does nothing: the files are in memory.
func (f files) Close() error { return nil }

// First returns the lowest version.
func (f files) First() (uint, error) { return f.first(f.set.List) }

// Next returns the version after v.
func (f files) Next(v uint) (uint, error) { return f.first(f.set.After(migration.Version(v))) }

// Prev returns the version before v.
func (f files) Prev(v uint) (uint, error) {
	list := f.set.List[:len(f.set.List)-len(f.set.After(migration.Version(v)-1))]
	if f.kept() && f.behind < migration.Version(v) && (len(list) == 0 || list[len(list)-1].Version < f.behind) {
		return uint(f.behind), nil
	}
	return f.first(list[max(0, len(list)-1):])
}

// kept tells whether the version before the step has no file here.
func (f files) kept() bool {
	_, there := f.set.Of(f.behind)
	return !there && f.behind != migration.None
}

func (f files) first(list []migration.Migration) (uint, error) {
	if len(list) == 0 {
		return 0, &fs.PathError{Op: "find next", Path: f.set.Folder, Err: fs.ErrNotExist}
	}
	return uint(list[0].Version), nil
}

// ReadUp returns the file that goes up, with its mark.
func (f files) ReadUp(v uint) (io.ReadCloser, string, error) {
	m, ok := f.set.Of(migration.Version(v))
	switch {
	case ok:
		return io.NopCloser(strings.NewReader(f.up(m))), m.Up.Name, nil
	case f.kept() && f.behind == migration.Version(v):
		return io.NopCloser(strings.NewReader("")), "", nil
	}
	return nil, "", f.missing(v)
}

// ReadDown returns the file that goes down.
func (f files) ReadDown(v uint) (io.ReadCloser, string, error) {
	m, ok := f.set.Of(migration.Version(v))
	if !ok || m.Down == nil {
		return nil, "", f.missing(v)
	}
	return io.NopCloser(strings.NewReader(f.down(m))), m.Down.Name, nil
}

func (f files) missing(v uint) error {
	return &fs.PathError{Op: "read", Path: fmt.Sprintf("%s/%d_*", f.set.Folder, v), Err: fs.ErrNotExist}
}
