package migration

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Downs says whether a rollback may run down files.
type Downs string

// The choices.
const (
	Never  Downs = "never"
	Proven Downs = "proven" // each migration of the release was shown to come back without loss
)

// UnmarshalText refuses every other word.
func (d *Downs) UnmarshalText(text []byte) error {
	switch v := Downs(text); v {
	case Never, Proven:
		*d = v
		return nil
	}
	return fmt.Errorf("down %q: want never or proven", text)
}

// Return is what going back needs to know beside the database.
type Return struct {
	Release  release.ID
	Recorded *release.Schema // of the record; nil without one

	// Quiet refuses as long as code of the release can use the database. It is asked
	// when all else speaks for going back; what was written is counted again behind it.
	Quiet func(context.Context) error
}

// GoBack takes back what a release has done to the schema, where that is allowed and
// loses nothing; else it says why the schema is kept, which is no error. It goes one
// file at a time, the last first, and compares the schema with the one before each.
// Run again after it was killed, it goes on. An error means that it had begun.
func GoBack(ctx context.Context, s Settings, on Systems, to Return, seen *release.Findings) (Decision, error) {
	if on.Progress == nil {
		on.Progress = func(Event) {}
	}
	r := &run{settings: s, on: on, id: to.Release}
	d, err := r.goBack(ctx, to, seen)
	if r.session != nil {
		r.session.Close()
	}
	return d, err
}

func (r *run) goBack(ctx context.Context, to Return, seen *release.Findings) (Decision, error) {
	known, err := Learn(ctx, r.settings, r.on, to.Release, to.Recorded)
	switch {
	case err != nil:
		return Decide(known, seen).kept(err.Error()), nil
	case r.settings.Down != Proven:
		return Decide(known, seen).kept("down files are not allowed: database.down is never"), nil
	case to.Release == "":
		return Decide(known, seen).kept("whose migrations to take back is not known without the record of a release"), nil
	}
	r.files = known.Files
	state, err := r.turn(ctx)
	if err == nil { // what a killed run had left is settled, so what is known is learnt again
		known, err = Learn(ctx, r.settings, r.on, to.Release, nil)
	}
	if err != nil {
		return Decide(known, seen).kept(err.Error()), nil
	}
	if err := r.compared(state); err != nil {
		return Decide(known, new(release.Findings)).ended(fmt.Sprintf("the schema went back to version %v in an earlier run, and is not what it was before", state.Version), seen), err
	}
	if untouched(&known.Schema) && !state.Dirty && !untouched(to.Recorded) {
		return gone(known.Schema, to.Recorded, seen), nil
	}
	if Decide(known, new(release.Findings)).Possible {
		known, err = r.stilled(ctx, to, known)
	}
	if err != nil {
		return Decide(known, seen).kept(err.Error()), nil
	}
	if d := Decide(known, new(release.Findings)); d.Possible {
		return r.allBack(ctx, d, state, seen)
	}
	return Decide(known, seen), nil
}

// stilled is what is known when the release cannot write any more: until then its
// last requests may have written what was counted as nothing.
func (r *run) stilled(ctx context.Context, to Return, known Known) (Known, error) {
	if err := to.Quiet(ctx); err != nil {
		return known, err
	}
	return Learn(ctx, r.settings, r.on, to.Release, nil)
}

func (r *run) allBack(ctx context.Context, d Decision, state State, seen *release.Findings) (Decision, error) {
	before := state.Version
	var err error
	for _, v := range slices.Backward(d.Verdicts) {
		if state, err = r.back(ctx, v, state); err != nil {
			return d.ended(fmt.Sprintf("going back from version %v ended at version %v, dirty %t", before, state.Version, state.Dirty), seen), err
		}
	}
	d.Gone, d.Reason = true, fmt.Sprintf("the schema went back from version %v to %v, to what it was before this release; nothing was lost", before, state.Version)
	d.went(seen)
	return d, nil
}

// untouched tells whether a release is known to have done nothing to the schema.
func untouched(s *release.Schema) bool {
	return s != nil && len(s.Applied)+len(s.Contracted) == 0
}

// ended is the decision of a way back that was begun and has not led back.
func (d Decision) ended(how string, seen *release.Findings) Decision {
	d.Reason = how
	seen.Show("4.2.s1", false, "%s", how)
	return d
}

// gone is the decision when nothing of the release is left: an earlier run has gone
// all the way, or somebody else has. It shows the version, and nothing that this run
// has not seen.
func gone(schema release.Schema, recorded *release.Schema, seen *release.Findings) Decision {
	d := Decision{Gone: true, Schema: schema, Reason: fmt.Sprintf("the schema is at version %d, and has nothing of this release", schema.After)}
	back := recorded != nil && recorded.Before == schema.After
	for _, id := range []string{"4.2.2", "4.2.s1"} {
		if back {
			seen.Show(id, true, "%s, as before it", d.Reason)
		} else {
			seen.Miss(id, "%s; the version before it is not in its record", d.Reason)
		}
	}
	for _, id := range []string{"4.2.1", "4.2.s2a", "4.2.3"} {
		seen.Miss(id, "%s; it was taken back before this run", d.Reason)
	}
	return d
}

// kept adds why the schema is kept although going back was asked for.
func (d Decision) kept(why string) Decision {
	d.Reason += "; " + why
	return d
}

func (d Decision) went(seen *release.Findings) {
	for _, id := range []string{"4.2.1", "4.2.2", "4.2.s1"} {
		seen.Show(id, true, "%s", d.Reason)
	}
	seen.Miss("4.2.s2a", "%s", d.Reason)
	seen.Show("4.2.3", true, "%s; the version is clean, and the schema is equal to that before each file", d.Reason)
}

// back goes behind one migration, in tries as short as those that go up.
func (r *run) back(ctx context.Context, v Verdict, state State) (State, error) {
	m, _ := r.files.Of(v.Version) // a verdict without loss has its files
	entry := state.Journal[v.Version]
	a := &attempt{step: Step{Migration: m, Files: r.files, Previous: entry.Previous, Release: r.id}, done: Result{File: m.Down.Name}, began: time.Now()}
	for pause := firstPause; ; pause = min(2*pause, longest) {
		tried := time.Now()
		a.done.Tries++
		r.on.Progress(Event{Kind: Started, What: m.Down.Name, Tries: a.done.Tries, Locks: a.done.Locks})
		err := r.session.Undo(ctx, a.step)
		state, settled := r.settled(ctx)
		if settled == nil && state.Version == entry.Previous && !state.Dirty {
			r.on.Progress(Event{Kind: TakenBack, What: m.Down.Name, Took: time.Since(a.began), Tries: a.done.Tries, Locks: a.done.Locks})
			return state, r.compared(state)
		}
		lock, ok := asLock(err)
		if !ok || settled != nil || state.Dirty {
			return state, r.failed(m, err, settled)
		}
		a.met(lock)
		if err := r.pause(ctx, pause, time.Since(tried), lock, a); err != nil {
			return state, err
		}
	}
}

func (r *run) settled(ctx context.Context) (State, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return r.session.Settle(ctx, r.files)
}

// compared refuses a schema to which the release was taken back, and which differs
// from the one before it.
func (r *run) compared(state State) error {
	for _, e := range state.Differs {
		if e.Release == r.id && e.Previous == state.Version {
			return release.Refuse("look what differs; mend it by hand and run the rollback again, or with a new migration; the version is that before the migration",
				"go back behind %s: the schema is not what it was before: its down file has left something, or somebody else has changed it since", e.File)
		}
	}
	return nil
}

func (r *run) failed(m Migration, tried, settled error) error {
	if settled != nil {
		return release.CannotTell("run the rollback again: it finds out what became of the file, and goes on from there",
			"go back behind %s: %w; what became of it is not known yet: %w", m.Up.Path, orSuccess(tried), settled)
	}
	return release.Refuse("the schema is kept as it is now; the good slot can live with it",
		"go back behind %s: %w", m.Up.Path, orSuccess(tried))
}
