package traffic

import (
	"context"
	"errors"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// plan is what is left to do of a shift.
type plan struct {
	steps    []Step
	from     release.Weight // that the candidate has now
	begun    bool           // this release has moved traffic before
	finished bool
}

// resume says where a shift goes on: what was done is read from the load
// balancer, what cannot be seen there from the ledger. It is pure.
func (r *run) resume(page Page, have release.Weight) (plan, error) {
	p := plan{from: have, begun: page.Shift != nil && page.Shift.Release == r.Owner.Release}
	switch {
	case have == 100 && p.begun && !page.Shift.Finished.IsZero():
		p.finished = true
		return p, nil
	case have > 0 && !p.begun:
		return p, release.Refuse("roll back, or find out who moved the traffic",
			"shift: the %s slot has %v of the traffic already, and not by release %s", r.Candidate, have, r.Owner.Release)
	}
	for _, step := range r.Settings.Steps {
		last := step.Weight == 100
		if p.begun && page.Shift.Held == step.Weight && have == step.Weight {
			step.Hold = false // somebody has looked, and runs it again
		}
		if last || (r.Good != nil && step.Weight >= have) {
			p.steps = append(p.steps, step)
		}
	}
	return p, nil
}

// enter makes the token known to the load balancer, looks at the lease once
// more, writes down the way back, and tells that the shift begins. After that,
// weights may change: a rollback that came before is seen by the lease, one that
// comes later by the load balancer.
func (r *run) enter(ctx context.Context, p plan) error {
	if r.Balancer.Caveat != "" {
		r.say(Warned, "%s: %s", r.Balancer.Name, r.Balancer.Caveat)
	}
	if err := r.announce(ctx, p.from); err != nil {
		return err
	}
	switch err := call(ctx, callTime, "renewing the lease", r.renew); {
	case err != nil && !errors.Is(err, ErrLost):
		return release.CannotTell("make the store of the lease answer; the weights were not changed", "shift: %w", err)
	case err != nil:
		return release.Refuse("see who else is shifting or rolling back", "shift: %w", err)
	}
	if err := r.measurable(ctx, p); err != nil {
		return err
	}
	if p.from == 0 {
		r.log.Before = r.before(ctx)
		r.baseline(ctx)
	}
	err := call(ctx, callTime, "writing the ledger", func(ctx context.Context) error {
		return r.Balancer.Ledger.Update(ctx, func(page *Page) error { return r.note(page, p) })
	})
	if err == nil && p.from == 0 && r.Begun != nil {
		r.Begun(ctx)
	}
	return err
}

// note writes the way back onto the page, unless this release already did.
func (r *run) note(page *Page, p plan) error {
	if err := page.Claimed(r.Candidate, r.Owner.Release); err != nil {
		return err
	}
	if p.begun && p.from > 0 {
		going := *page.Shift
		going.Back = nil // where it was, somebody has given it traffic again
		page.Shift, r.log.Before, r.since = &going, going.Before, going.Started
		return nil
	}
	r.since = now()
	page.Good, page.Shift = nil, &Note{Release: r.Owner.Release, Candidate: r.Candidate, Started: r.since, Before: r.log.Before}
	if r.Good != nil {
		way := *r.Good
		way.At = r.since
		page.Good = &way
	}
	return nil
}

func (r *run) announce(ctx context.Context, w release.Weight) error {
	err := r.set(ctx, w)
	if stale, ok := errors.AsType[*Stale](err); ok {
		if err := r.outgrow(ctx, stale.Seen); err != nil {
			return err
		}
		err = r.set(ctx, w)
	}
	if err != nil {
		return release.CannotTell("make the load balancer writable; the weights were not changed", "shift: announce the shift to the load balancer: %w", err)
	}
	return nil
}

func (r *run) set(ctx context.Context, w release.Weight) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, errors.New("setting the weights took too long"))
	defer cancel()
	return r.Balancer.Router.Set(ctx, r.Candidate, w, Token(r.token.Load())) // waited for: nothing may be on its way when the traffic goes back
}
