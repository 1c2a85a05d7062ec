package traffictest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// told is gates, and a candidate, that say what they were told to.
type told map[release.Weight]gate.Verdict

func (t told) Evaluate(_ context.Context, at gate.Moment) gate.Decision {
	v := t[at.Weight]
	return gate.Decision{Verdict: v, Readings: []gate.Reading{{Rule: "errors", Verdict: v, Reason: "as told"}}, At: time.Now()}
}

func (told) Check(context.Context) error        { return nil }
func (told) StartWorkers(context.Context) error { return nil }
func (told) QuietWorkers(context.Context) error { return nil }

// observed is how many requests prove a weight here: few enough for the time that a
// count has on a slow machine.
const observed = 200

// ReleaseConformance carries releases through a load balancer, each as another
// process: a good one, which is finished; a bad one, which comes back by itself;
// and one that is brought back twice. open returns a new handle on the same load
// balancer, which starts with all the traffic at blue and knows the weights 10,
// 50 and 100. One that has no leases is lent some.
func ReleaseConformance(t *testing.T, open func() traffic.Balancer) {
	var lent traffic.Leases = &Lease{Expiry: traffic.LeaseExpiry}
	leases := func() traffic.Leases {
		if own := open().Leases; own != nil {
			return own
		}
		return lent
	}
	carry := func(id release.ID, candidate release.Slot, gates told) (*traffic.Log, error) {
		b := open()
		must(t, traffic.TakeClaim(t.Context(), b.Ledger, candidate, id, true))
		const bake = 50 * time.Millisecond
		return traffic.Shift{
			Owner: traffic.Owner{Release: id, Process: "test"}, Candidate: candidate, Good: &traffic.Good{Slot: candidate.Other()},
			Settings: traffic.Settings{
				Steps: []traffic.Step{{Weight: 10, Bake: bake}, {Weight: 50, Bake: bake}, {Weight: 100, Bake: bake}},
				Tick:  time.Minute, MaxPause: time.Hour, OnLowTraffic: traffic.Continue, OnInterrupt: traffic.GoBack, Observe: observed,
			},
			Balancer: b, Leases: leases(), Gates: gates, Slot: gates,
		}.Run(t.Context())
	}
	whole := func(what string, slot release.Slot) {
		t.Helper()
		b := open()
		glance(t, struct {
			traffic.Router
			traffic.Observer
		}{b.Router, b.Observer}, what, release.Split(slot, 100))
	}

	log, err := carry("shop-1", release.Green, told{})
	must(t, err)
	for _, baking := range log.Steps {
		t.Logf("asked for %v, counted %s", baking.Step.Weight, baking.Share.Shown(release.Green))
	}
	for range 2 {
		must(t, traffic.Idle(t.Context(), open(), "shop-1", release.Green, nil))
		whole("a good release", release.Green)
	}

	log, err = carry("shop-2", release.Blue, told{50: gate.Rollback})
	if release.ExitStatus(err) != int(release.Refused) || log.Outcome != traffic.RolledBack {
		t.Errorf("a bad release: got %v, %v, want it rolled back", log.Outcome, err)
	}
	whole("a bad release", release.Green)
	t.Logf("in the shift: written %v, effective %v, proven %v after the decision", log.Back.Write, log.Back.Effect, log.Back.Proof)

	_, err = carry("shop-2", release.Blue, told{})
	must(t, err)
	whole("the release again", release.Blue)
	for range 2 {
		way, err := traffic.Rollback{Balancer: open(), Lease: leases(), Release: "shop-2", Observe: observed}.Run(t.Context())
		must(t, err)
		if way.Warning != "" && !strings.Contains(way.Warning, "took longer than") { // which a slow machine is
			t.Errorf("a rollback by itself warns: %s", way.Warning)
		}
		t.Logf("by itself: written %v, effective %v, proven %v after the decision", way.Write, way.Effect, way.Proof)
	}
	whole("a rollback", release.Green)
}
