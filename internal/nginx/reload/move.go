package reload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The order of a move, of which each step may be the last: write the new include,
// test it, send the signal, see the effect, keep a copy. Until the signal the
// include on the disk is another than the one that runs; a reader then finds the
// one that runs in the copy of the move before.

// undoTime is how long a move that was refused may take to put things back, also
// when it was told to end.
const undoTime = 5 * time.Second

// pass is the right to move, which a rollback ends. The way to settle has none:
// it moves no traffic.
type pass struct {
	token traffic.Token
	note  string // of the last rollback, by which a later one is known
}

// admit gives the right to a token that is not stale.
func (r *Router) admit(ctx context.Context, token traffic.Token) (*pass, error) {
	note, err := r.note(ctx)
	if err != nil {
		return nil, err
	}
	return &pass{token, note}, r.folder.Pass(ctx, token)
}

// note is what no rollback but the last one is known by.
func (r *Router) note(ctx context.Context) (string, error) {
	note, err := r.folder.Identify(ctx, backNote)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return note, err
}

// forget removes the note of a rollback that is over, unless it is of another one.
func (r *Router) forget(ctx context.Context, note string) error {
	if now, err := r.note(ctx); note == "" || err != nil || now != note {
		return err
	}
	return r.folder.Remove(ctx, backNote)
}

// valid refuses a right that has ended: a rollback waits for no lock. It says so
// also when ctx has ended, since what is to be put back depends on it.
func (r *Router) valid(ctx context.Context, p *pass) error {
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	note, err := r.note(ctx)
	switch {
	case err != nil:
		return err
	case note != p.note:
		return &traffic.Stale{Token: p.token, Seen: p.token}
	}
	return r.folder.Pass(ctx, p.token)
}

// move brings nginx from what it runs to what is wanted, or leaves it there.
func (r *Router) move(ctx context.Context, from include, want split, right *pass) error {
	next := render(r.settings, want, from.generation)
	if err := r.keep(ctx, from); err != nil {
		return err
	}
	if err := r.put(ctx, r.settings.Include, next.text); err != nil {
		return r.undo(ctx, from, false, err)
	}
	if err := r.valid(ctx, right); err != nil {
		return r.yield(ctx, from, false, right, err)
	}
	if err := r.test(ctx); err != nil {
		return r.undo(ctx, from, false, release.Refuse("mend nginx's configuration, and run it again", "nginx -t refuses the configuration; everything is as it was: %w", err))
	}
	was := r.before(ctx)
	if err := r.signal(ctx); err != nil {
		return r.undo(ctx, from, true, err)
	}
	err := r.effect(ctx, next.generation, was, r.settings.Timeout, func() error { return r.valid(ctx, right) })
	if overtaken := r.valid(ctx, right); overtaken != nil {
		return r.yield(ctx, from, true, right, overtaken)
	}
	if err != nil {
		return r.undo(ctx, from, true, r.explain(ctx, err, was))
	}
	_ = r.keep(ctx, next) // the next move does it otherwise
	return nil
}

// last is the generation that nginx was last seen to run, or none.
func (r *Router) last(ctx context.Context) string {
	have, err := r.load(ctx, r.beside(keptEnding))
	if err != nil {
		return none
	}
	return have.generation
}

// keep copies the include that nginx runs.
func (r *Router) keep(ctx context.Context, running include) error {
	if have, err := r.load(ctx, r.beside(keptEnding)); err == nil && have.text == running.text {
		return nil
	}
	return r.put(ctx, r.beside(keptEnding), running.text)
}

func (r *Router) test(ctx context.Context) error {
	if err := r.step("test", r.settings.Config); err != nil {
		return err
	}
	return r.host.test(ctx)
}

func (r *Router) signal(ctx context.Context) error {
	if err := r.step("signal", "nginx"); err != nil {
		return err
	}
	return r.host.signal(ctx)
}

// explain adds why nginx did not do what it was told: what it wrote into its log
// when it refused, for all that its test had passed and the signal had no answer.
func (r *Router) explain(ctx context.Context, err error, was before) error {
	lines := r.host.complaints(ctx, was.log)
	if len(lines) == 0 {
		return release.CannotTell("look into nginx's error log and at its processes", "%w; its error log has no reason", err)
	}
	return release.Refuse("mend nginx's configuration, and run it again", "%w, and says why in its error log: %s", err, strings.Join(lines, "; "))
}

// undo puts the include back, also when ctx has ended. Where nginx may have been
// given the new one, it is told again and looked at.
func (r *Router) undo(ctx context.Context, from include, told bool, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	back := from
	if told {
		// A generation of its own: the workers that ran this one before the move
		// answer until the first signal is done, and would prove nothing of the second.
		back = render(r.settings, from.split, from.generation)
	}
	if err := r.put(ctx, r.settings.Include, back.text); err != nil {
		return errors.Join(why, fmt.Errorf("put the include back: %w", err))
	}
	if !told {
		return why
	}
	was := r.before(ctx)
	err := r.signal(ctx)
	if err == nil {
		err = r.effect(ctx, back.generation, was, r.settings.Timeout, nil)
	}
	if err == nil {
		_ = r.keep(ctx, back) // the next move does it otherwise
		return fmt.Errorf("%w; everything is as it was", why)
	}
	a, asked := r.insist(ctx)
	if asked == nil && a.generation == from.generation {
		// What keeps nginx from reloading is not ours, so it keeps the one that it runs.
		// Where it is only late, it has read the file before this one, or will: told
		// once more it ends with this one.
		if asked = r.put(ctx, r.settings.Include, from.text); asked == nil {
			_ = r.signal(ctx)
			return fmt.Errorf("%w; the traffic is as it was, and nginx cannot be reloaded before that is mended", why)
		}
	}
	return errors.Join(why, fmt.Errorf("return to %v: %w", from.weights, errors.Join(err, asked)))
}

// yield leaves the traffic to the rollback that has overtaken this move, and
// writes its include again, since this move may have replaced it. Where none is
// known to have come, this move is undone: the note is of an earlier one.
func (r *Router) yield(ctx context.Context, from include, told bool, right *pass, why error) error {
	_, stale := errors.AsType[*traffic.Stale](why)
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if note, err := r.note(own); !stale || err == nil && note == right.note {
		return r.undo(ctx, from, told, why)
	}
	text, err := r.folder.Read(own, backNote)
	if err != nil || len(text) == 0 {
		return errors.Join(why, err)
	}
	disk, err := r.load(own, r.settings.Include)
	if err == nil && disk.text == string(text) {
		return why
	}
	if err := r.put(own, r.settings.Include, string(text)); err != nil {
		return errors.Join(why, err)
	}
	return errors.Join(why, r.signal(own))
}
