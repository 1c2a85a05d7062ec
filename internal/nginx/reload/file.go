package reload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// The files beside the include, by their ending. nginx reads none of them.
const (
	keptEnding    = ".kept"    // a copy of the include that nginx was last seen to run
	foreignEnding = ".foreign" // an include that somebody had changed, and a rollback has replaced
	readyEnding   = ".all-"    // followed by a slot: the include that gives it everything
)

// beside is the path of another file for the include.
func (r *Router) beside(ending string) string {
	return strings.TrimSuffix(r.settings.Include, path.Ext(r.settings.Include)) + ending
}

func (r *Router) ready(slot release.Slot) string { return r.beside(readyEnding + string(slot)) }

// put writes a file as a whole: it is there with all of its text, or as it was.
func (r *Router) put(ctx context.Context, file, text string) error {
	if err := statefolder.Place(ctx, r.disk, file, []byte(text), statefolder.FileMode, r.folder.Before); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

func (r *Router) rename(ctx context.Context, from, to string) error {
	if err := r.step("rename", to); err != nil {
		return err
	}
	if err := r.disk.Rename(ctx, from, to); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return r.disk.Sync(ctx, path.Dir(to))
}

// step is asked before each effect outside of this process, which may be the
// last one.
func (r *Router) step(op, name string) error {
	if r.folder.Before == nil {
		return nil
	}
	return r.folder.Before(op, path.Base(name))
}

// load reads an include. One that is not there is an fs.ErrNotExist.
func (r *Router) load(ctx context.Context, file string) (include, error) {
	text, err := r.disk.Read(ctx, file)
	if err != nil {
		return include{}, err
	}
	return parse(string(text))
}

// prepare keeps ready what a rollback to the slot would write, so that it needs
// no room on the disk, and a person no program.
func (r *Router) prepare(ctx context.Context, slot release.Slot) error {
	want := split{weights: release.Split(slot, 100)}
	if have, err := r.load(ctx, r.ready(slot)); err == nil && have.says(r.settings, want) {
		return nil
	}
	return r.put(ctx, r.ready(slot), render(r.settings, want, none).text)
}

// sweep removes what killed writers have left beside the include, when they
// cannot be alive any more.
func (r *Router) sweep(ctx context.Context) error {
	dir := path.Dir(r.settings.Include)
	now, err := r.disk.Now(ctx)
	if err != nil {
		return err
	}
	all, err := r.disk.List(ctx, dir)
	for _, e := range all {
		ours := strings.HasPrefix(e.Name, statefolder.Hidden+strings.TrimSuffix(path.Base(r.settings.Include), ".conf")+".")
		if !ours || now.Sub(e.Changed) < time.Hour {
			continue
		}
		if gone := r.disk.Remove(ctx, path.Join(dir, e.Name)); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
