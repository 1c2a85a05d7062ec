package traffic

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// How often a guard looks at the load balancer, and for how long a release that has
// ended unfinished may be on its way back.
const (
	aheadEvery = 30 * time.Second
	backWithin = time.Minute
)

// outlook is how a release stands at the load balancer.
type outlook struct {
	weight   release.Weight // of a release that is on its way: 0 before, and when it is finished
	finished bool           // it has all the traffic, and was watched
	vain     bool           // its slot is claimed by nobody, or by another: it cannot begin
	yielded  bool           // it was rolled back
}

func (g Guard) outlook(ctx context.Context) (outlook, error) {
	page, err := within(ctx, callTime, "reading the ledger", g.Back.Balancer.Ledger.Read)
	if err != nil {
		return outlook{}, err
	}
	id, candidate := g.Owner.Release, g.Back.Candidate
	o := outlook{yielded: page.Claims[candidate].Yielded}
	o.vain = candidate != "" && page.Claimed(candidate, id) != nil
	if page.Shift == nil || page.Shift.Release != id {
		return o, nil
	}
	weights, err := within(ctx, callTime, "reading the weights", g.Back.Balancer.Router.Weights)
	o.weight = weights.Of(page.Shift.Candidate)
	if !page.Shift.Finished.IsZero() && o.weight == 100 { // one that was taken back since begins anew
		o.weight, o.finished = 0, true
	}
	return o, err
}

// ahead is what is seen of a shift before it holds its lease: it may wait for long
// behind the shift of another release, and may be given up meanwhile.
type ahead struct {
	first, last *outlook
	next        time.Time
}

func (a *ahead) look(ctx context.Context, g Guard) {
	if time.Now().Before(a.next) {
		return
	}
	a.next = time.Now().Add(aheadEvery)
	o, err := g.outlook(ctx)
	if err != nil {
		return // the lease decides
	}
	if a.first == nil {
		a.first = &o
	}
	a.last = &o
}

// over says why there is nothing to wait for. A release that was rolled back before
// it is run again has yielded its claim from the beginning.
func (a *ahead) over() (string, bool) {
	switch {
	case a.last == nil:
		return "", false
	case a.last.finished:
		return "the release is finished", true
	case a.last.vain:
		return "another release claims its slot, or none does", true
	case a.last.yielded && !a.first.yielded:
		return "the release was rolled back before its shift began", true
	case a.last.weight > a.first.weight:
		return "the release gets traffic, and its lease was not seen", true
	}
	return "", false
}

// unbegun is the end of a wait in vain. It refuses to have seen no shift while the
// release has traffic and is on its way: then its lease is in another store than the
// one that was watched, or its shift was to be resumed and was not.
func (g Guard) unbegun(ctx context.Context, h Holding, text string) error {
	o, err := g.outlook(ctx)
	switch {
	case err != nil || o.finished || o.vain:
		return nil
	case o.weight == 0:
		return g.again(text)
	case h.Owner.Release == g.Owner.Release: // an earlier attempt's: it is the right store
		return g.keeps(o.weight)
	}
	return release.CannotTell("give the guard the same queue.url and database.url as the shift", "guard: release %s has %v of the traffic, and its lease is not in the store that was watched", g.Owner.Release, o.weight)
}

// ended is the end of a shift that has given its lease back, or lost it to a
// rollback. The way back after a shift that was refused has a while.
func (g Guard) ended(ctx context.Context, text string) error {
	for begin := time.Now(); ; {
		o, err := g.outlook(ctx)
		switch late := time.Since(begin) >= backWithin; {
		case err == nil && o.finished:
			return nil
		case err == nil && o.weight == 0:
			return g.again(text)
		case err != nil && late:
			return unknown(err)
		case late:
			return g.keeps(o.weight)
		}
		if !sleep(ctx, max(g.Tick, aheadEvery/6)) {
			return cancelled(ctx)
		}
	}
}

// unfinished says whether the release has traffic and is on its way; the error is the
// end of a guard without a rollback.
func (g Guard) unfinished(ctx context.Context, text string) (bool, error) {
	switch o, err := g.outlook(ctx); {
	case err != nil:
		return false, unknown(err)
	case o.finished:
		return false, nil
	case o.weight == 0:
		return false, g.again(text)
	}
	return true, nil
}

func unknown(err error) error {
	return release.CannotTell("look at the load balancer, and run the failed jobs again if the release is unfinished", "guard: how the shift has ended: %w", err)
}

// again is the end of a release that may yet be shifted.
func (g Guard) again(text string) error {
	return release.Refuse("run the failed jobs again to shift once more: this guard ends as failed so that it is run again beside the shift",
		"guard: %s, and release %s is not finished", text, g.Owner.Release)
}

// keeps is the end of a guard whose release has traffic and nobody who shifts it.
func (g Guard) keeps(w release.Weight) error {
	return release.Refuse("run the failed jobs again to go on: this guard ends as failed so that it is run again beside the shift; or roll back",
		"guard: the shift is over, unfinished, and release %s keeps %v of the traffic", g.Owner.Release, w)
}
