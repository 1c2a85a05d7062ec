package reload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// Include is the text of the include that gives the slot all the traffic.
func Include(s Settings, live release.Slot) (string, error) {
	s, err := s.complete()
	if err != nil {
		return "", err
	}
	return render(s, split{weights: release.Split(live, 100)}, none).text, nil
}

// Install makes the state folder and writes the include. A split that is there
// stays: that of the include, and where the file is gone the one that nginx runs.
// Else all the traffic is at the slot; where that is empty, too, it is at blue on
// a host that has nothing of an installation. It says whether nginx has to be
// reloaded; it does not do that, since nginx does not include the file yet, or
// somebody is about to change what is around it.
//
// It refuses an include that somebody has changed, and to guess which slot had the
// traffic.
func (r *Router) Install(ctx context.Context, slot release.Slot) (reload bool, err error) {
	if err := r.folder.Make(ctx); err != nil {
		return false, err
	}
	if err := r.lockable(ctx); err != nil {
		return false, err
	}
	dir := path.Dir(r.settings.Include)
	if _, err := r.disk.Stat(ctx, dir); errors.Is(err, fs.ErrNotExist) {
		if err := r.disk.Make(ctx, dir, statefolder.FolderMode); err != nil {
			return false, fmt.Errorf("make the folder of the include: %w", err)
		}
	}
	ctx, unlock, err := r.lock(ctx, moveTime, statefolder.Exclusive)
	if err != nil {
		return false, err
	}
	defer unlock()
	have, err := r.load(ctx, r.settings.Include)
	want := have.split
	switch {
	case err == nil && have.says(r.settings, have.split):
		return false, r.prepareBoth(ctx)
	case errors.Is(err, fs.ErrNotExist):
		want, err = r.begin(ctx, slot)
	case err != nil:
		err = release.Refuse("move the file away, and run it again with "+r.named(ctx), "include %s: %w", r.settings.Include, err)
	}
	if err != nil {
		return false, err
	}
	if err := r.put(ctx, r.settings.Include, render(r.settings, want, r.last(ctx)).text); err != nil {
		return false, err
	}
	return true, r.prepareBoth(ctx)
}

// begin is the split to write where there is no include. The copy of the last one
// decides nothing: it is one move behind where that move was killed.
func (r *Router) begin(ctx context.Context, slot release.Slot) (split, error) {
	if a, err := r.insist(ctx); err == nil {
		if kept, err := r.load(ctx, r.beside(keptEnding)); err == nil && kept.generation == a.generation {
			return kept.split, nil
		}
		return split{weights: a.weights}, nil
	}
	if slot != "" {
		return split{weights: release.Split(slot, 100)}, nil
	}
	switch left, err := r.leftover(ctx); {
	case err != nil:
		return split{}, err
	case left != "":
		return split{}, release.Refuse("run it again while nginx runs the include, or with "+r.named(ctx),
			"include %s is gone, %s is there, and nginx does not say which slot has the traffic", r.settings.Include, left)
	}
	return split{weights: release.Split(release.Blue, 100)}, nil
}

// leftover is what an earlier installation has left, if there was one.
func (r *Router) leftover(ctx context.Context) (string, error) {
	for _, file := range []string{r.beside(keptEnding), r.beside(foreignEnding), r.ready(release.Blue), r.ready(release.Green)} {
		if _, err := r.disk.Stat(ctx, file); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	unused, err := r.folder.Unused(ctx, reloadLock)
	if err != nil || unused {
		return "", err
	}
	return r.folder.Path(), nil
}

// named is how the slot is given by hand.
func (r *Router) named(ctx context.Context) string {
	kept, err := r.load(ctx, r.beside(keptEnding))
	for _, slot := range release.Slots {
		if err == nil && kept.weights.Of(slot) == 100 {
			return fmt.Sprintf("--live %s, if that has the traffic, as it had in %s", slot, r.beside(keptEnding))
		}
	}
	return "--live and the slot that has the traffic"
}

// Written is the split of the include, whatever nginx runs.
func (r *Router) Written(ctx context.Context) (release.Weights, error) {
	have, err := r.load(ctx, r.settings.Include)
	if err != nil {
		return release.Weights{}, fmt.Errorf("include %s: %w", r.settings.Include, err)
	}
	return have.weights, nil
}

func (r *Router) lockable(ctx context.Context) error {
	err := r.disk.Write(ctx, r.folder.File(reloadLock), nil, statefolder.FileMode)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the lock: %w", err)
	}
	return nil
}

func (r *Router) prepareBoth(ctx context.Context) error {
	return errors.Join(r.prepare(ctx, release.Blue), r.prepare(ctx, release.Green))
}

// Try implements traffic.Trier. It tests the configuration with nginx and reloads
// nothing, since a reload can cut requests. What it writes is the includes that a
// rollback needs.
func (r *Router) Try(ctx context.Context) error {
	if err := r.folder.Durable(ctx); err != nil {
		return err
	}
	ctx, unlock, err := r.lock(ctx, moveTime, statefolder.Exclusive)
	if err != nil {
		return err
	}
	defer unlock()
	now, err := r.standing(ctx)
	switch {
	case err != nil:
		return err
	case now.disk.generation != now.running.generation:
		return release.Refuse("run the rollback or the release again, which was killed; or reload nginx",
			"nginx runs %v, and the include %s has %v", now.running.weights, r.settings.Include, now.disk.weights)
	case !now.disk.says(r.settings, now.disk.split):
		return release.Refuse("run `bluegreen nginx-reload`, and reload nginx", "the include %s was made with other settings", r.settings.Include)
	}
	if err := errors.Join(r.keep(ctx, now.running), r.prepareBoth(ctx)); err != nil {
		return release.Refuse("let the user of this program write to "+path.Dir(r.settings.Include)+": chown it", "prepare the way back: %w", err)
	}
	if err := r.host.may(ctx); err != nil {
		return err
	}
	if err := r.test(ctx); err != nil {
		return release.Refuse("mend nginx's configuration, or set test to a command that this user may run, such as [sudo, -n, /usr/sbin/nginx, -t]",
			"nginx could not be reloaded now: %w", err)
	}
	return nil
}
