package traffic

import (
	"context"
	"errors"
	"time"
)

// pages is the page of one or more load balancers: each has a copy beside it, so
// that a rollback reads it while one of them is gone. A change is made under the
// first one's lock and then copied, so the copy with the greatest revision is the
// page, whichever balancers were configured when it was written. It is acknowledged
// when all have it, as the way back must be before any traffic is moved.
type pages struct{ fleet }

// paged counts the changes of one balancer's page, too: others may join it later, or
// have been beside it before.
func paged(b Balancer) Balancer {
	if _, ok := b.Ledger.(*pages); !ok && b.Ledger != nil {
		b.Ledger = &pages{fleet{b}}
	}
	return b
}

// Read returns the newest page of those that answer. One that is silent is not
// waited for when another has answered with what was written down: what was acted
// upon, all of them have. One that joined later has nothing yet, which says nothing
// about those that cannot be read.
func (p *pages) Read(ctx context.Context) (Page, error) {
	if len(p.fleet) == 1 {
		return p.fleet[0].Ledger.Read(ctx)
	}
	type copied struct {
		page Page
		err  error
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	copies := make(chan copied, len(p.fleet))
	for _, b := range p.fleet {
		go func() {
			page, err := b.Ledger.Read(ctx)
			copies <- copied{page, missed(b, err)}
		}()
	}
	var newest *Page
	var problems []error
	var enough <-chan time.Time
	for range p.fleet {
		select {
		case <-enough:
			return *newest, nil
		case c := <-copies:
			problems = append(problems, c.err)
			if c.err == nil && (newest == nil || c.page.newer(*newest)) {
				newest = &c.page
			}
		}
		if newest != nil && !newest.blank() && enough == nil {
			enough = time.After(straggle)
		}
	}
	if err := errors.Join(problems...); newest == nil || newest.blank() && err != nil {
		return Page{}, err
	}
	return *newest, nil
}

// Update changes the page of all. One that cannot be read may have the newest, so
// nothing is changed then.
func (p *pages) Update(ctx context.Context, change func(*Page) error) error {
	var next Page
	err := p.fleet[0].Ledger.Update(ctx, func(first *Page) error {
		newest, err := p.others(ctx, *first)
		if err != nil {
			return err
		}
		if err := change(&newest); err != nil {
			return err
		}
		newest.Revision++
		next, *first = newest, newest
		return nil
	})
	if err != nil {
		return err
	}
	var problems []error
	for _, b := range p.fleet[1:] {
		problems = append(problems, missed(b, b.Ledger.Update(ctx, func(have *Page) error {
			if next.newer(*have) {
				*have = next
			}
			return nil
		})))
	}
	return errors.Join(problems...)
}

// others is the newest page, that of the first among them: a write that was
// killed half way has left it with one of them.
func (p *pages) others(ctx context.Context, newest Page) (Page, error) {
	for _, b := range p.fleet[1:] {
		page, err := b.Ledger.Read(ctx)
		if err != nil {
			return Page{}, missed(b, err)
		}
		if page.newer(newest) {
			newest = page
		}
	}
	return newest, nil
}

// blank says that nothing was ever written down.
func (p Page) blank() bool {
	return p.Revision == 0 && p.Good == nil && p.Shift == nil && len(p.Claims) == 0 && p.Woke == nil
}

// newer compares two copies. Those of before one balancer's changes were counted can
// have the same revision and differ: the one with the later event is newer then, and
// one with nothing on it never is.
func (p Page) newer(than Page) bool {
	switch {
	case p.Revision != than.Revision:
		return p.Revision > than.Revision
	case p.blank() || than.blank():
		return !p.blank()
	}
	return p.latest().After(than.latest())
}

// latest is when the last thing that is written down happened.
func (p Page) latest() time.Time {
	var all []time.Time
	if p.Good != nil {
		all = append(all, p.Good.At)
	}
	if p.Shift != nil {
		all = append(all, p.Shift.Started, p.Shift.Finished)
	}
	for _, c := range p.Claims {
		all = append(all, c.At)
	}
	if p.Woke != nil {
		all = append(all, p.Woke.At)
	}
	var latest time.Time
	for _, at := range all {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}
