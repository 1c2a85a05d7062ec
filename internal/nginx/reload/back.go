package reload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// backNote has the include that the last rollback wrote without the lock, for a
// move that it has overtaken.
const backNote = "back"

// spare is what a rollback leaves of its time to say what went wrong.
const spare = 400 * time.Millisecond

// back gives everything to the good slot. Only what it cannot do without comes
// before the signal.
func (r *Router) back(ctx context.Context, good release.Slot, locked bool) error {
	want := split{weights: release.Split(good, 100)}
	text, _ := r.disk.Read(ctx, r.settings.Include)
	have, foreign := parse(string(text))
	if foreign == nil && have.says(r.settings, want) {
		if a, err := r.ask(ctx); err == nil && a.generation == have.generation {
			_ = r.close(ctx, have, locked)
			return r.settled(ctx, have)
		}
	} else {
		next, err := r.replace(ctx, good, want)
		if err != nil {
			return err
		}
		have = next
	}
	was := r.before(ctx)
	if err := r.signal(ctx); err != nil {
		return r.stuck(ctx, have, was, err)
	}
	_ = r.close(ctx, have, locked) // beside nginx's own pause; a move that it does not stop is written over below
	if foreign != nil && len(text) > 0 {
		_ = r.put(ctx, r.beside(foreignEnding), string(text))
	}
	if err := r.stays(ctx, have, was); err != nil {
		return r.stuck(ctx, have, was, err)
	}
	_ = r.keep(ctx, have) // the next move does it otherwise
	return nil
}

// settled is the end of a rollback that had nothing to do, if it stays so: a reload
// by somebody else may have begun just now, and who holds the lock may be about to
// do another.
func (r *Router) settled(ctx context.Context, have include) error {
	return r.stays(ctx, have, before{log: r.host.mark(ctx)})
}

// replace writes the include of a rollback, and takes the one that is kept ready
// where nothing can be written any more.
func (r *Router) replace(ctx context.Context, good release.Slot, want split) (include, error) {
	next := render(r.settings, want, r.last(ctx))
	err := r.put(ctx, r.settings.Include, next.text)
	if err == nil {
		return next, nil
	}
	ready, problem := r.load(ctx, r.ready(good))
	if problem == nil {
		problem = r.rename(ctx, r.ready(good), r.settings.Include)
	}
	return ready, both(err, problem)
}

// both is nil when the second way went well.
func both(first, second error) error {
	if second == nil {
		return nil
	}
	return errors.Join(first, second)
}

// close refuses the tokens seen so far.
func (r *Router) close(ctx context.Context, have include, locked bool) error {
	if !locked {
		if err := r.folder.Put(ctx, backNote, []byte(have.text)); err != nil {
			return err
		}
	}
	return r.folder.Shut(ctx)
}

var errOverwritten = errors.New("somebody has written over the include of the rollback")

// stays sees the effect, and writes again what a move that was on its way has
// written over it.
func (r *Router) stays(ctx context.Context, want include, was before) error {
	limit := r.left(ctx)
	still := func() error {
		if disk, err := r.load(ctx, r.settings.Include); err != nil || disk.text != want.text {
			return errOverwritten
		}
		return nil
	}
	for {
		begin := time.Now()
		err := r.effect(ctx, want.generation, was, min(limit, r.settings.Timeout), still)
		if err == nil {
			err = still()
		}
		limit -= time.Since(begin)
		if !errors.Is(err, errOverwritten) || limit <= 0 {
			return err
		}
		if err := r.put(ctx, r.settings.Include, want.text); err != nil {
			return err
		}
		was = r.before(ctx)
		if err := r.signal(ctx); err != nil {
			return err
		}
	}
}

// left is the time for the effect.
func (r *Router) left(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return r.settings.Timeout
	}
	return max(time.Until(deadline)-spare, look)
}

// stuck says why the traffic is not back, and what will bring it back. The test
// says more than the log: it names file and line.
func (r *Router) stuck(ctx context.Context, have include, was before, why error) error {
	reasons := r.host.complaints(ctx, was.log)
	if err := r.test(ctx); err != nil && (ctx.Err() == nil || len(reasons) == 0) {
		reasons = []string{err.Error()}
	}
	text := "no reason is in its error log"
	if len(reasons) > 0 {
		text = strings.Join(reasons, "; ")
	}
	return release.CannotTell(
		fmt.Sprintf("mend what nginx complains about, which is not of this release, and reload it: %s; the include has all the traffic at %v already. Until then stopping the other slot is the only way to keep requests from it",
			r.host.breakGlass(), have.weights),
		"%w: %s", why, text)
}
