package migration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The pauses between tries that met a lock: half of the current one for certain,
// half by chance. A longer one would let the moment pass in which a blocker goes.
const (
	firstPause = 250 * time.Millisecond
	longest    = time.Second
)

// settleTime bounds how long a failed try is looked into, also when the run was
// cancelled.
const settleTime = time.Minute

// attempt is one file on its way.
type attempt struct {
	step     Step
	done     Result
	blockers []Blocker // seen last: a short wait may end before anybody was seen
	began    time.Time
}

// apply tries one file until it is applied, it fails, or the budget for locks is
// used up. It returns what the database then says.
func (r *run) apply(ctx context.Context, m Migration, state State) (State, error) {
	a := &attempt{
		step:  r.step(m, state.Version),
		done:  Result{Version: m.Version, File: m.Up.Name, SHA256: m.Up.SHA256, WayBack: m.WayBack(), Nature: m.Up.Script.Nature},
		began: time.Now(),
	}
	for pause := firstPause; ; pause = min(2*pause, longest) {
		tried := time.Now()
		state, err := r.try(ctx, a)
		if err == nil {
			r.applied(a, state)
			return state, nil
		}
		lock, ok := errors.AsType[*LockError](err)
		if !ok || state.Dirty {
			return state, err
		}
		a.met(lock)
		if err := r.pause(ctx, pause, time.Since(tried), lock, a); err != nil {
			return state, err
		}
		a.done.Waited = time.Since(a.began)
	}
}

func (r *run) try(ctx context.Context, a *attempt) (state State, err error) {
	r.started = true
	a.done.Tries++
	r.on.Progress(Event{Kind: Started, What: a.done.File, Tries: a.done.Tries, Locks: a.done.Locks})
	a.done.Objects, err = r.session.Try(ctx, a.step)
	return r.judge(ctx, a.step, err)
}

func (r *run) applied(a *attempt, state State) {
	a.done.Took = time.Since(a.began)
	r.report.Files = append(r.report.Files, a.done)
	r.see(state)
	r.on.Progress(Event{Kind: FileApplied, What: a.done.File, Took: a.done.Took, Tries: a.done.Tries, Locks: a.done.Locks})
}

func (a *attempt) met(lock *LockError) {
	a.done.Locks++
	if len(lock.Blockers) > 0 {
		a.blockers = lock.Blockers
	}
}

// judge returns the state behind a try. An error of the try stays one unless the
// file turns out to be applied, as when the connection broke just after it.
func (r *run) judge(ctx context.Context, step Step, tried error) (State, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	state, err := r.session.Settle(ctx, r.files)
	switch {
	case err != nil:
		return State{Dirty: true}, release.CannotTell(
			"run the job again: it finds out whether the file was applied, and goes on from there",
			"apply %s: %w; what became of it is not known yet: %w", step.Up.Path, orSuccess(tried), err)
	case state.Dirty:
		return state, fmt.Errorf("apply %s: %w; %w", step.Up.Path, orSuccess(tried), state.stuck(r.files, r.settings.Table))
	case state.Version == step.Version:
		return state, nil
	}
	usual := "the database is as it was before this file: correct it, or what the message names, and run the job again"
	return state, release.Refuse(step.remedy(tried, usual),
		"apply %s: %w", step.Up.Path, orSuccess(tried))
}

func orSuccess(err error) error {
	if err == nil {
		return errors.New("golang-migrate reported success")
	}
	return err
}

// pause waits before the next try, or says who is in the way when there is none.
func (r *run) pause(ctx context.Context, pause, lost time.Duration, lock *LockError, a *attempt) error {
	pause = pause/2 + rand.N(pause/2)
	r.waited += lost + pause
	if r.waited > r.settings.LockBudget {
		return release.Refuse("end the sessions that are named, or release when they are gone, and run the job again; the database is as it was before this file",
			"apply %s: no lock within database.lock-budget, %v, in %d tries: %s: %w", a.step.Up.Path, r.settings.LockBudget, a.done.Locks, nameAll(a.blockers), lock)
	}
	r.on.Progress(Event{Kind: Blocked, What: a.done.File + " " + nameAll(a.blockers), Tries: a.done.Tries, Locks: a.done.Locks})
	select {
	case <-ctx.Done():
		return fmt.Errorf("apply %s: %w", a.step.Up.Path, context.Cause(ctx))
	case <-time.After(pause):
		return nil
	}
}
