package traffic_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// named is the load balancers as one, each with the name that it has in the test.
func named(names string, all ...*traffictest.Balancer) traffic.Balancer {
	members := make([]traffic.Balancer, len(all))
	for i, b := range all {
		members[i] = b.Of()
		members[i].Name = names[i : i+1]
	}
	return traffic.Join(members...)
}

// releases writes down a shift to the candidate, and that the other slot is good.
func releases(t *testing.T, b traffic.Balancer, id release.ID, candidate release.Slot) {
	t.Helper()
	at := time.Now()
	equal(t, "error", b.Ledger.Update(t.Context(), func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: candidate.Other(), At: at}
		p.Shift = &traffic.Note{Release: id, Candidate: candidate, Started: at}
		return nil
	}), nil)
}

// copied is the page as one of before its changes were counted.
func copied(t *testing.T, b *traffictest.Balancer, revision uint64) {
	t.Helper()
	equal(t, "error", b.Update(t.Context(), func(p *traffic.Page) error { p.Revision = revision; return nil }), nil)
}

func TestThePageSurvivesAChangeOfTheLoadBalancers(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"one that joins with nothing written down changes nothing": func(t *testing.T) {
			a, b := new(traffictest.Balancer), new(traffictest.Balancer)
			releases(t, named("b", b), "shop-1", release.Green)
			copied(t, b, 0)
			both := named("ab", a, b)
			page, err := both.Ledger.Read(t.Context())
			equal(t, "error", err, nil)
			equal(t, "read", page.Shift.Release, release.ID("shop-1"))
			equal(t, "error", traffic.TakeClaim(t.Context(), both.Ledger, release.Blue, "shop-2", false), nil)
			for _, one := range []*traffictest.Balancer{a, b} {
				equal(t, "kept", one.Page().Shift != nil, true)
			}
		},
		"one that was away for a release is behind": func(t *testing.T) {
			a, b := new(traffictest.Balancer), new(traffictest.Balancer)
			releases(t, named("ba", b, a), "shop-1", release.Green)
			time.Sleep(time.Hour)
			releases(t, named("a", a), "shop-2", release.Blue)
			equal(t, "counted alone", a.Page().Revision, b.Page().Revision+1)
			both := named("ba", b, a)
			page, err := both.Ledger.Read(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good", page.Good.Slot, release.Green)
			equal(t, "error", traffic.TakeClaim(t.Context(), both.Ledger, release.Green, "shop-3", false), nil)
			equal(t, "the last shift", b.Page().Shift.Release, release.ID("shop-2"))
		},
		"of two that were never counted, the later one is the page": func(t *testing.T) {
			a, b := new(traffictest.Balancer), new(traffictest.Balancer)
			releases(t, named("ba", b, a), "shop-1", release.Green)
			time.Sleep(time.Hour)
			releases(t, named("a", a), "shop-2", release.Blue)
			copied(t, a, b.Page().Revision)
			both := named("ba", b, a)
			page, err := both.Ledger.Read(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good", page.Good.Slot, release.Green)
			equal(t, "error", traffic.DropClaim(t.Context(), both.Ledger, release.Blue, "none"), nil)
			equal(t, "the last shift", b.Page().Shift.Release, release.ID("shop-2"))
		},
		"nothing on one says nothing while the other cannot be read": func(t *testing.T) {
			a, b := new(traffictest.Balancer), new(traffictest.Balancer)
			releases(t, named("b", b), "shop-1", release.Green)
			gone := errors.New("connection refused")
			b.Before = failing("read", gone)
			_, err := named("ab", a, b).Ledger.Read(t.Context())
			equal(t, "gone", errors.Is(err, gone), true)
			b.Before = func(string) error { time.Sleep(3 * time.Second); return nil }
			page, err := named("ab", a, b).Ledger.Read(t.Context())
			equal(t, "error", err, nil)
			equal(t, "waited for", page.Shift != nil, true)
		},
	})
}
