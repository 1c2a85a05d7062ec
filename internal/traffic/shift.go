package traffic

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Gates judges the candidate. Evaluate returns soon after ctx has ended; what
// it could not measure it calls Inconclusive.
type Gates interface {
	Evaluate(ctx context.Context, at gate.Moment) gate.Decision
}

// Candidate is what a shift asks of the slot that is to get the traffic.
type Candidate interface {
	// Check refuses a candidate that is not what the release made: other
	// digests, unhealthy, not smoked, another schema.
	Check(ctx context.Context) error

	// StartWorkers lets the candidate's workers take jobs; QuietWorkers stops
	// that. Both may be repeated.
	StartWorkers(ctx context.Context) error
	QuietWorkers(ctx context.Context) error
}

// Shift moves one release to 100 % of the traffic.
type Shift struct {
	Owner     Owner        // this process, and the release that it shifts
	Candidate release.Slot // where the release is
	Good      *Good        // the way back; nil only for a first release, which has none
	Settings  Settings

	Balancer Balancer
	Leases   Leases
	Gates    Gates
	Slot     Candidate

	// Alarms tells what happens to the containers of both slots, until its
	// context ends; then it closes the channel. Nil watches nothing.
	Alarms func(context.Context) <-chan Alarm

	// Healthy asks a slot whether it can serve. It is asked before a way back where
	// there is a sign that the good slot is gone. Nil asks nobody.
	Healthy func(context.Context, release.Slot) error

	// Approvals lets steps begin; needed when one of them has an approval.
	Approvals Approvals

	// Served reads the counter of public requests that a slot has answered, to
	// show that the good slot gets none any more. Nil leaves that unshown. Lag is
	// how far it may be behind, such as two scrapes.
	Served func(context.Context, release.Slot) (float64, error)
	Lag    time.Duration

	// Flow measures what users ask of a slot. Nil leaves the samples out, and
	// compares nothing with the time before the release.
	Flow func(ctx context.Context, slot release.Slot, window time.Duration) (gate.Flow, error)

	// Last asks what is to be known of a release with all the traffic, when its
	// last bake is over, and is told since when the release has had some. It returns
	// soon after its context has ended; nil asks nothing.
	Last func(ctx context.Context, since time.Time) []Proof

	// Begun is called once everything is ready and written down, just before the
	// first weight of a release; it bounds itself. Nil calls nobody.
	Begun func(context.Context)

	Progress func(Event)       // is shown each event as it happens; may be nil
	Found    *release.Findings // gets the evidence; may be nil
}

// The deadlines of a shift's outside calls.
const (
	callTime   = 10 * time.Second // the balancer, the ledger, the lease
	checkTime  = 2 * time.Minute  // the candidate and its workers
	askTime    = 30 * time.Second // the gates
	foreignFor = 30 * time.Second // a split by somebody else, before the traffic goes back
)

// run is one shift on its way.
type run struct {
	Shift
	log    *Log
	token  atomic.Uint64 // a Token; renewed beside the steps
	sure   atomic.Int64  // when the lease was last known to be held, in Unix nanoseconds
	begun  bool          // a run before this one has moved traffic
	since  time.Time     // just before the first weight of the release, by whichever run
	crew   crew
	asking chan gate.Decision
	vigil  vigil
	series series
	later  []Step // after the one that is on
}

// Run shifts the traffic, or says why not. It may be killed at any instant and
// run again: a release that is at 100 % already is left alone, and one that was
// held goes on at the weight that the load balancer has. The log is never nil.
//
// When ctx ends, the traffic is back, or held, as the settings say, within 5 s.
func (s Shift) Run(ctx context.Context) (*Log, error) {
	if s.Found == nil {
		s.Found = new(release.Findings)
	}
	r := &run{Shift: s, log: &Log{Release: s.Owner.Release, Candidate: s.Candidate, Outcome: RefusedTo, Started: now()}}
	err := r.all(ctx)
	r.log.Ended = now()
	if err != nil && r.log.Reason == "" {
		r.log.Reason = err.Error()
	}
	r.show()
	return r.log, err
}

func (r *run) all(ctx context.Context) error {
	p, err := r.prepare(ctx)
	if err != nil || p.finished {
		return r.unsure(ctx, p, err)
	}
	if err := r.acquire(ctx); err != nil {
		return r.unsure(ctx, p, err)
	}
	ctx, stop := r.hold(ctx)
	defer stop()
	seen, err := r.again(ctx, p)
	if err == nil {
		p, r.begun = seen, seen.begun
	}
	if err == nil && !p.finished {
		err = r.enter(ctx, p)
	}
	if err != nil || p.finished {
		r.release(ctx)
		return r.unsure(ctx, p, err)
	}
	ctx, unhear := r.listen(ctx)
	defer unhear()
	for i, step := range p.steps {
		r.later = p.steps[i+1:]
		r.say(Entered, "step %d of %d: %v", i+1, len(p.steps), step)
		if err := r.step(ctx, step); err != nil {
			return r.end(ctx, err)
		}
	}
	return r.finish(ctx)
}

// unsure calls a shift held, not refused, that would have gone on from a weight that it
// gave before, and could not tell whether it may: what runs there is not given up since
// a database or an engine did not answer. An error that says nothing of itself is one
// of those, unless the shift was told to end: then the traffic stays where it is, and
// nobody else may know how to take it back.
func (r *run) unsure(ctx context.Context, p plan, err error) error {
	problem, ok := errors.AsType[*release.Problem](err)
	switch told := ctx.Err() != nil; {
	case err == nil || !p.begun || p.from == 0:
		return err
	case told && !errors.Is(context.Cause(ctx), ErrLost):
		return release.Refuse("run the shift again to go on at this weight, or take the traffic back: bluegreen rollback",
			"the traffic was not touched, and the %s slot had %v of it: %w", r.Candidate, p.from, err)
	case told || ok && problem.Kind != release.Unknown:
		return err
	}
	r.log.Outcome, r.log.Reason = HeldAt, err.Error()
	r.say(Ended, "held at %v: %v", p.from, err)
	if !ok {
		err = release.CannotTell("see what did not answer, and run the shift again", "shift: %w", err)
	}
	return err
}

// prepare checks everything that can be checked before anything is changed.
func (r *run) prepare(ctx context.Context) (plan, error) {
	if err := r.complete(); err != nil {
		return plan{}, err
	}
	p, err := r.look(ctx)
	if err != nil || p.finished {
		return p, err
	}
	if err := r.askable(ctx); err != nil {
		return p, err
	}
	return p, call(ctx, checkTime, "checking the candidate", r.Slot.Check)
}

// look reads what there is, and says what is left to do.
func (r *run) look(ctx context.Context) (plan, error) {
	page, err := within(ctx, callTime, "reading the ledger", r.Balancer.Ledger.Read)
	if err != nil {
		return plan{}, release.CannotTell("repair the ledger; the traffic was not touched", "shift: read the ledger: %w", err)
	}
	if err := page.Claimed(r.Candidate, r.Owner.Release); err != nil {
		return plan{}, err
	}
	weights, err := within(ctx, callTime, "reading the weights", r.Balancer.Router.Weights)
	if err != nil && !errors.Is(err, ErrApart) {
		return plan{}, release.CannotTell("make the load balancer answer; the traffic was not touched", "shift: read the weights: %w", err)
	}
	p, err := r.resume(page, weights.Of(r.Candidate))
	if err != nil {
		return plan{}, err
	}
	r.log.Weight = weights.Of(r.Candidate)
	if p.finished {
		r.log.Outcome = Unchanged
		r.say(Ended, "release %s has all the traffic since %s: nothing to do", r.Owner.Release, page.Shift.Finished.Format(time.RFC3339))
	}
	return p, nil
}

// again looks once more when the lease is there: while this shift has checked the
// candidate and waited, an earlier attempt may have gone on, and somebody may
// have taken it back, which stands.
func (r *run) again(ctx context.Context, before plan) (plan, error) {
	p, err := r.look(ctx)
	if err == nil && p.from < before.from {
		err = release.Refuse("find out who took the traffic back, and run the shift again to begin anew",
			"shift: while it waited, the %s slot went from %v to %v", r.Candidate, before.from, p.from)
	}
	return p, err
}

// complete refuses a shift that cannot be one.
func (r *run) complete() error {
	switch {
	case r.Owner.Release == "" || r.Owner.Process == "":
		return release.Reject("pass the release's record", "shift: the release has no id or the process no name")
	case r.Candidate != release.Blue && r.Candidate != release.Green:
		return release.Reject("pass the release's record", "shift: candidate %q: want blue or green", r.Candidate)
	case r.Good != nil && r.Good.Slot != r.Candidate.Other():
		return release.Reject("pass the record of this release", "shift: the good slot is %q: want %s, the one beside the candidate", r.Good.Slot, r.Candidate.Other())
	}
	if err := r.Settings.Check(); err != nil {
		return release.Reject("correct the settings of the shift", "shift: %w", err)
	}
	for _, s := range r.Settings.Steps {
		if s.Approval != "" && r.Approvals == nil {
			return release.Reject("run the shift in a job of a workflow, and name the environment that is released to",
				"shift: the step %v waits for the approval of %s, and there is nobody to ask", s, s.Approval)
		}
	}
	if r.Good != nil {
		r.log.Good = r.Good.Slot
	}
	return nil
}

// finish writes down that the way to 100 % is over.
func (r *run) finish(ctx context.Context) error {
	err := call(ctx, callTime, "writing the ledger", func(ctx context.Context) error {
		return r.Balancer.Ledger.Update(ctx, func(p *Page) error {
			if p.Shift != nil && p.Shift.Release == r.Owner.Release {
				p.Shift.Finished = now()
			}
			return nil
		})
	})
	if ctx.Err() != nil {
		return r.end(ctx, context.Cause(ctx))
	}
	if err != nil { // the traffic is right, so this is no reason to take it back
		r.say(Warned, "the ledger does not say that the shift is finished, so a second run will watch 100%% again: %v", err)
	}
	r.log.Outcome = Shifted
	r.say(Ended, "release %s has all the traffic on the %s slot", r.Owner.Release, r.Candidate)
	r.release(ctx)
	return nil
}
