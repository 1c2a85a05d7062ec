package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrApart says that several load balancers split the traffic differently, as
// after a shift that was killed between two of them.
var ErrApart = errors.New("the load balancers do not agree")

// Missed is one load balancer of several that could not do what the others did
// or may have done.
type Missed struct {
	Name string // of the load balancer
	Err  error
}

func (m *Missed) Error() string { return m.Name + ": " + m.Err.Error() }

// Unwrap is the reason.
func (m *Missed) Unwrap() error { return m.Err }

// Join makes one load balancer of several of any kind, which move together.
// Forward all acknowledge or all return to where they were; backward all are
// written at once, and each failure is a *Missed beside the others' success. One
// alone stays what it is, but for the revisions of its page.
//
// It panics without any.
func Join(all ...Balancer) Balancer {
	if len(all) == 1 {
		return paged(all[0])
	}
	f := fleet(all)
	joined := Balancer{Name: f.names(), Router: f, Observer: f, Ledger: &pages{f}, Settler: f, Trier: f, BreakGlass: f.breakGlass, Caveat: f.caveat(), Settles: f.settles(),
		Own: f.own(), Ready: f.ready, Assert: f.assert}
	for _, b := range all {
		if b.Leases != nil {
			joined.Leases = b.Leases
			break
		}
	}
	return joined
}

// fleet is several load balancers that move together.
type fleet []Balancer

func (f fleet) names() string {
	names := make([]string, len(f))
	for i, b := range f {
		names[i] = b.Name
	}
	return strings.Join(names, ", ")
}

// Weights are those of all, or ErrApart.
func (f fleet) Weights(ctx context.Context) (release.Weights, error) {
	seen := make([]release.Weights, len(f))
	err := f.each(func(i int, b Balancer) (err error) {
		seen[i], err = b.Router.Weights(ctx)
		return err
	})
	if err != nil {
		return release.Weights{}, err
	}
	for i, weights := range seen {
		if weights != seen[0] {
			return release.Weights{}, fmt.Errorf("%w: %s has %v, %s has %v", ErrApart, f[0].Name, seen[0], f[i].Name, weights)
		}
	}
	return seen[0], nil
}

// Set writes one after the other. Where one refuses, it and those before it get
// the weight back that they had; one that was apart in itself had none, and gets
// that of the others.
func (f fleet) Set(ctx context.Context, candidate release.Slot, w release.Weight, token Token) error {
	before, err := f.before(ctx)
	if err != nil {
		return err
	}
	for i, b := range f {
		if err := b.Router.Set(ctx, candidate, w, token); err != nil {
			return errors.Join(missed(b, err), f.undo(ctx, before[:min(i+1, len(before))], candidate, token))
		}
	}
	return nil
}

// before is what each one has. It is empty where all are apart in themselves:
// then nobody knows what they should have.
func (f fleet) before(ctx context.Context) ([]release.Weights, error) {
	seen, apart := make([]release.Weights, len(f)), make([]bool, len(f))
	err := f.each(func(i int, b Balancer) (err error) {
		seen[i], err = b.Router.Weights(ctx)
		if apart[i] = errors.Is(err, ErrApart); apart[i] {
			return nil
		}
		return err
	})
	whole := slices.Index(apart, false)
	if err != nil || whole < 0 {
		return nil, err
	}
	for i := range seen {
		if apart[i] {
			seen[i] = seen[whole]
		}
	}
	return seen, nil
}

func (f fleet) undo(ctx context.Context, before []release.Weights, candidate release.Slot, token Token) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	var problems []error
	for i, had := range before {
		if err := f[i].Router.Set(ctx, candidate, had.Of(candidate), token); err != nil {
			problems = append(problems, missed(f[i], fmt.Errorf("return to %v: %w", had, err)))
		}
	}
	return errors.Join(problems...)
}

// Restore writes to all at once.
func (f fleet) Restore(ctx context.Context, good release.Slot) error {
	return f.each(func(_ int, b Balancer) error { return b.Router.Restore(ctx, good) })
}

// Observe counts n requests through each, and adds the counts up.
func (f fleet) Observe(ctx context.Context, n int) (Share, error) {
	shares, err := f.shares(ctx, n)
	var sum Share
	for _, share := range shares {
		sum = sum.Add(share)
	}
	return sum, err
}

func (f fleet) shares(ctx context.Context, n int) ([]Share, error) {
	shares := make([]Share, len(f))
	return shares, f.each(func(i int, b Balancer) (err error) {
		shares[i], err = b.Observer.Observe(ctx, n)
		return err
	})
}

// counted is what was observed of one load balancer, or of all.
type counted struct {
	Share
	of string // the one of several that does not fit; empty for all
}

func (c counted) String() string {
	if c.of == "" {
		return c.Share.String()
	}
	return c.Share.String() + " through " + c.of
}

// count observes n requests through each, and returns the sum where each share fits:
// one that gives too much does not make up for one that gives nothing. Otherwise it
// returns the first that does not.
func (b Balancer) count(ctx context.Context, n int, want release.Weights) (counted, error) {
	f, several := b.Router.(fleet)
	if !several {
		share, err := b.Observer.Observe(ctx, n)
		return counted{Share: share}, err
	}
	shares, err := f.shares(ctx, n)
	var sum counted
	for i, share := range shares {
		if !share.Fits(want) {
			return counted{share, f[i].Name}, err
		}
		sum.Share = sum.Add(share)
	}
	return sum, err
}

// Settle makes the slot the default of all.
func (f fleet) Settle(ctx context.Context, live release.Slot) error {
	return f.each(func(_ int, b Balancer) error {
		if b.Settler == nil {
			return nil
		}
		return b.Settler.Settle(ctx, live)
	})
}

// Try tries all.
func (f fleet) Try(ctx context.Context) error {
	return f.each(func(_ int, b Balancer) error {
		if b.Trier == nil {
			return nil
		}
		return b.Trier.Try(ctx)
	})
}

func (f fleet) caveat() string {
	var all []string
	for _, b := range f {
		if b.Caveat != "" {
			all = append(all, b.Name+": "+b.Caveat)
		}
	}
	return strings.Join(all, "; ")
}

// settles is the time of the slowest.
func (f fleet) settles() (longest time.Duration) {
	for _, b := range f {
		longest = max(longest, b.Settles)
	}
	return longest
}

// own is what all of those see that see anything.
func (f fleet) own() gate.Evaluator {
	var members []gate.Evaluator
	for _, b := range f {
		if b.Own != nil {
			members = append(members, b.Own)
		}
	}
	if len(members) == 0 {
		return nil
	}
	return gate.Join(members...)
}

func (f fleet) ready(ctx context.Context, slot release.Slot) error {
	return f.each(func(_ int, b Balancer) error {
		if b.Ready == nil {
			return nil
		}
		return b.Ready(ctx, slot)
	})
}

func (f fleet) assert(ctx context.Context, good release.Slot) (string, error) {
	texts := make([]string, len(f))
	err := f.each(func(i int, b Balancer) (err error) {
		if b.Assert == nil {
			return nil
		}
		texts[i], err = b.Assert(ctx, good)
		return err
	})
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), "; "), err
}

func (f fleet) breakGlass(slot release.Slot) string {
	var lines []string
	for _, b := range f {
		if b.BreakGlass != nil {
			lines = append(lines, "# "+b.Name+":", b.BreakGlass(slot))
		}
	}
	return strings.Join(lines, "\n")
}

// each asks all at once, so that a slow one holds up no other.
func (f fleet) each(ask func(i int, b Balancer) error) error {
	problems := make([]error, len(f))
	var all sync.WaitGroup
	for i, b := range f {
		all.Go(func() { problems[i] = missed(b, ask(i, b)) })
	}
	all.Wait()
	return errors.Join(problems...)
}

func missed(b Balancer, err error) error {
	if err == nil {
		return nil
	}
	return &Missed{b.Name, err}
}
