package postgres

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// files gives golang-migrate the very files that were checked, as they were read,
// with the journal's mark in the transaction of each file that is one.
type files struct {
	set  migration.Set
	mark func(migration.Version) string
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
	return f.first(list[max(0, len(list)-1):])
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
	if !ok {
		return nil, "", f.missing(v)
	}
	return io.NopCloser(strings.NewReader(m.Up.Script.Marked(f.mark(m.Version)))), m.Up.Name, nil
}

// ReadDown returns the file that goes down.
func (f files) ReadDown(v uint) (io.ReadCloser, string, error) {
	m, ok := f.set.Of(migration.Version(v))
	if !ok || m.Down == nil {
		return nil, "", f.missing(v)
	}
	return io.NopCloser(strings.NewReader(m.Down.Script.Text)), m.Down.Name, nil
}

func (f files) missing(v uint) error {
	return &fs.PathError{Op: "read", Path: fmt.Sprintf("%s/%d_*", f.set.Folder, v), Err: fs.ErrNotExist}
}
