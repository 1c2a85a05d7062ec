package traffic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// pair is two load balancers that move as one.
type pair struct {
	traffic.Balancer
	a, b *traffictest.Balancer
}

func newPair() pair {
	a, b := new(traffictest.Balancer), new(traffictest.Balancer)
	first, second := a.Of(), b.Of()
	first.Name, second.Name = "a", "b"
	return pair{traffic.Join(first, second), a, b}
}

func TestSeveralLoadBalancers(t *testing.T) {
	broken := errors.New("broken")
	t.Run("move together", func(t *testing.T) {
		p := newPair()
		equal(t, "error", p.Router.Set(t.Context(), release.Green, 10, 1), nil)
		for _, one := range []traffic.Router{p.Router, p.a, p.b} {
			w, err := one.Weights(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weights", w, release.Split(release.Green, 10))
		}
	})
	t.Run("return where one refuses", func(t *testing.T) {
		p := newPair()
		p.b.Before = failing("set green 50%", broken)
		err := p.Router.Set(t.Context(), release.Green, 50, 1)
		equal(t, "broken", errors.Is(err, broken), true)
		w, _ := p.a.Weights(t.Context())
		equal(t, "the first", w, release.Split(release.Green, 0))
	})
	t.Run("move one that is apart in itself as well, and bring it to the others where one refuses", func(t *testing.T) {
		p := newPair()
		p.b.Move(release.Split(release.Green, 10))
		p.a.Move(release.Split(release.Green, 50))
		p.a.Before = failing("weights", fmt.Errorf("%w: two rules", traffic.ErrApart))
		p.b.Before = failing("set green 30%", broken)
		equal(t, "broken", errors.Is(p.Router.Set(t.Context(), release.Green, 30, 1), broken), true)
		p.a.Before, p.b.Before = nil, nil
		w, err := p.Router.Weights(t.Context())
		equal(t, "error", err, nil)
		equal(t, "weights", w, release.Split(release.Green, 10))
		p.a.Before = failing("weights", fmt.Errorf("%w: two rules", traffic.ErrApart))
		equal(t, "error", p.Router.Set(t.Context(), release.Green, 30, 1), nil)
		equal(t, "calls", strings.Join(p.a.Calls(), ", "), "set green 30%, set green 10%, set green 30%")
	})
	t.Run("say who disagrees", func(t *testing.T) {
		p := newPair()
		p.a.Move(release.Split(release.Green, 10))
		_, err := p.Router.Weights(t.Context())
		equal(t, "apart", errors.Is(err, traffic.ErrApart), true)
		equal(t, "text", err.Error(), "the load balancers do not agree: a has blue 90% green 10%, b has blue 100% green 0%")
	})
	t.Run("go back everywhere, also when one cannot", func(t *testing.T) {
		p := newPair()
		equal(t, "error", p.Router.Set(t.Context(), release.Green, 50, 1), nil)
		p.a.Before = failing("restore blue", broken)
		err := p.Router.Restore(t.Context(), release.Blue)
		missed, _ := errors.AsType[*traffic.Missed](err)
		equal(t, "who could not", missed.Name, "a")
		w, _ := p.b.Weights(t.Context())
		equal(t, "the second", w, release.Split(release.Blue, 100))
	})
	t.Run("are counted as a whole", func(t *testing.T) {
		p := newPair()
		equal(t, "error", p.Router.Set(t.Context(), release.Green, 10, 1), nil)
		share, err := p.Observer.Observe(t.Context(), 100)
		equal(t, "error", err, nil)
		equal(t, "share", share, traffic.Share{Blue: 180, Green: 20})
	})
	t.Run("each have the page", func(t *testing.T) {
		p := newPair()
		equal(t, "error", traffic.TakeClaim(t.Context(), p.Ledger, release.Green, "shop-1", false), nil)
		for _, one := range []*traffictest.Balancer{p.a, p.b} {
			equal(t, "claim", one.Page().Claims[release.Green].Release, release.ID("shop-1"))
		}
	})
	t.Run("keep the page while one is gone, and change nothing in it", func(t *testing.T) {
		p := newPair()
		equal(t, "error", traffic.TakeClaim(t.Context(), p.Ledger, release.Green, "shop-1", false), nil)
		p.a.Before = failing("read", broken)
		page, err := p.Ledger.Read(t.Context())
		equal(t, "error", err, nil)
		equal(t, "claim", page.Claims[release.Green].Release, release.ID("shop-1"))
		p.a.Before, p.b.Before = nil, failing("read", broken)
		err = traffic.DropClaim(t.Context(), p.Ledger, release.Green, "shop-1")
		equal(t, "broken", errors.Is(err, broken), true)
		equal(t, "claims", len(p.a.Page().Claims), 1)
	})
	t.Run("heal a page that was killed half way", func(t *testing.T) {
		p := newPair()
		p.b.Before = failing("update", broken)
		err := traffic.TakeClaim(t.Context(), p.Ledger, release.Green, "shop-1", false)
		equal(t, "broken", errors.Is(err, broken), true)
		p.b.Before = nil
		equal(t, "error", traffic.TakeClaim(t.Context(), p.Ledger, release.Blue, "shop-2", false), nil)
		equal(t, "claims", len(p.b.Page().Claims), 2)
	})
	t.Run("may be read from the last one that has it", func(t *testing.T) {
		p := newPair()
		equal(t, "error", p.b.Update(t.Context(), func(page *traffic.Page) error {
			page.Revision = 7
			page.Claims = map[release.Slot]traffic.Claim{release.Blue: {Release: "shop-3"}}
			return nil
		}), nil)
		page, err := p.Ledger.Read(t.Context())
		equal(t, "error", err, nil)
		equal(t, "revision", page.Revision, uint64(7))
		equal(t, "error", traffic.TakeClaim(t.Context(), p.Ledger, release.Green, "shop-4", false), nil)
		equal(t, "claims", len(p.a.Page().Claims), 2)
	})
}

// seeing is what a load balancer sees of its targets.
type seeing gate.Verdict

func (s seeing) Evaluate(context.Context, gate.Moment) gate.Decision {
	return gate.Decision{Verdict: gate.Verdict(s), Readings: []gate.Reading{{Rule: "targets", Verdict: gate.Verdict(s)}}, At: time.Now()}
}

func TestSeveralLoadBalancersSeeWhatEachSees(t *testing.T) {
	sick := errors.New("sick")
	blind := new(traffictest.Balancer).Of()
	joined := func(change func(a, b *traffic.Balancer)) traffic.Balancer {
		a, b := new(traffictest.Balancer).Of(), new(traffictest.Balancer).Of()
		a.Name, b.Name = "a", "b"
		change(&a, &b)
		return traffic.Join(a, blind, b)
	}
	none := joined(func(*traffic.Balancer, *traffic.Balancer) {})
	equal(t, "nothing seen", none.Own, nil)
	equal(t, "nothing to wait for", none.Ready(t.Context(), release.Green), nil)
	text, err := none.Assert(t.Context(), release.Blue)
	equal(t, "nothing said", text, "")
	equal(t, "error", err, nil)

	all := joined(func(a, b *traffic.Balancer) {
		a.Own, b.Own = seeing(gate.Pass), seeing(gate.Pause)
		b.Ready = func(context.Context, release.Slot) error { return sick }
		a.Assert = func(context.Context, release.Slot) (string, error) { return "it stayed", nil }
		b.Assert = func(context.Context, release.Slot) (string, error) { return "it moved", sick }
	})
	equal(t, "the worst", all.Own.Evaluate(t.Context(), gate.Moment{}).Verdict, gate.Pause)
	equal(t, "who is sick", all.Ready(t.Context(), release.Green).Error(), "b: sick")
	text, err = all.Assert(t.Context(), release.Blue)
	equal(t, "text", text, "it stayed; it moved")
	equal(t, "who moved", err.Error(), "b: sick")
}

func TestSeveralLoadBalancersPassTheSuites(t *testing.T) {
	pairs := map[*testing.T]pair{}
	of := func(t *testing.T) pair {
		if _, ok := pairs[t]; !ok {
			pairs[t] = newPair()
		}
		return pairs[t]
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return of(t).Ledger })
	})
}
