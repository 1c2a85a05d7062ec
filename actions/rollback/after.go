package rollback

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/notify"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// after does what comes after the traffic: people are told, the workers change
// sides, then the claim is yielded, and the state of everything is written down. What
// cannot be done or asked is said; nothing here fails a rollback whose traffic is
// safe.
func after(asked context.Context, job *action.Job, back traffic.Rollback, in inputs, way *traffic.Way, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(asked), 3*time.Minute+in.Watch)
	defer cancel()
	report(job, way, err)
	moved := way != nil && way.Write > 0
	if moved {
		job.Log.Info("the traffic was moved; what follows moves none", "to", way.Good, "effect", way.Effect)
	}
	told, seen, jobs := tell(ctx, job, in, way, err), look(ctx, job, back, way), count(ctx, job)
	passed(job)
	whose := of(ctx, job, back, way)
	ours := err == nil && claims(ctx, job, back, whose)
	switch {
	case moved:
		warn(job, "not all is as it should be beside the traffic", change(ctx, job, back, way.Good))
	case ours && free(ctx, job, back): // a refusal leaves them alone: the slot may have all the traffic
		said, err := quiet(ctx, job, job.Release.Candidate)
		warn(job, "the workers of "+string(job.Release.Candidate)+" were not quieted", err)
		if said != "" {
			job.Page.Say("%s", said)
		}
	}
	if ours { // now: whoever takes the slot next finds nothing in it that still works
		yield(ctx, job, back, whose)
	}
	if moved {
		jobs.watch(asked, way.Good, silence(job, in))
	}
	if err != nil {
		breakGlass(job)
	}
	schemaErr := schema(asked, job, back, in, way, err)
	jobs.report(ctx)
	warn(job, "the diagnostics were not all written", keep(job, seen()))
	told()
	return errors.Join(err, schemaErr)
}

// silence is how long to watch. Where the shift has taken the traffic back and a
// step after it has watched, the job after that need not.
func silence(job *action.Job, in inputs) time.Duration {
	if job.Release.Shifted != nil && job.Release.Shifted.RolledBack {
		return 0
	}
	return in.Watch
}

// passed says what is wrong in the sections that a rollback can do without.
func passed(job *action.Job) {
	if len(job.Passed) > 0 {
		job.Warn("bluegreen rollback", "the configuration has mistakes in sections that do not hold up a rollback; these count as not written:\n"+job.Passed.Error())
	}
}

// tell says how it went, once: a shift that took its traffic back has told that
// itself, and so has the step before this job.
func tell(ctx context.Context, job *action.Job, in inputs, way *traffic.Way, err error) func() (int, int) {
	switch {
	case err != nil:
		return connect.Tell(ctx, job, notify.Failed, "", err.Error(), "the rollback is not proven: look at the load balancer")
	case way != nil && way.Moved():
		return connect.Tell(ctx, job, notify.Rollback, way.Good, way.Reason, "all traffic is back at %s, %d ms after the decision", way.Good, way.Effect.Milliseconds())
	case way == nil && job.Release.ID != "" && job.Release.Shifted == nil:
		return connect.Tell(ctx, job, notify.Failed, "", cmp.Or(in.Reason, "see the run"), "the release of %s has failed before it got any traffic", job.Release.Version)
	}
	return func() (int, int) { return 0, 0 }
}

// claimTime bounds what is asked and written of a claim.
const claimTime = 5 * time.Second

// claims reports whether the slot is still that of the release which was taken back.
// Without a claim of its own it has nothing in the slot, which is left alone.
func claims(ctx context.Context, job *action.Job, back traffic.Rollback, whose subject) bool {
	if whose.slot == "" || whose.id == "" {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, claimTime, errors.New("the ledger took too long"))
	defer cancel()
	page, err := back.Balancer.Ledger.Read(ctx)
	warn(job, "whose the slot is was not found out, and it is not given up", err)
	return err == nil && page.Claims[whose.slot].Release == whose.id
}

// free says whether the candidate has no traffic. Workers of a slot that serves, of
// whatever release, are not this release's to quiet.
func free(ctx context.Context, job *action.Job, back traffic.Rollback) bool {
	ctx, cancel := context.WithTimeoutCause(ctx, claimTime, errors.New("the load balancer took too long"))
	defer cancel()
	weights, err := back.Balancer.Router.Weights(ctx)
	warn(job, "whether the slot has traffic was not found out, and its workers were not quieted", err)
	return err == nil && weights.Of(job.Release.Candidate) == 0
}

// yield lets the next release have the slot.
func yield(ctx context.Context, job *action.Job, back traffic.Rollback, whose subject) {
	ctx, cancel := context.WithTimeoutCause(ctx, claimTime, errors.New("the ledger took too long"))
	defer cancel()
	ours, err := traffic.YieldClaim(ctx, back.Balancer.Ledger, whose.slot, whose.id)
	warn(job, "the claim on the slot was not given up", err)
	if ours && err == nil {
		job.Page.Say("Release %s has given the %s slot back: the next release can have it.", whose.id, whose.slot)
	}
}
