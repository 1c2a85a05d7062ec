package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// two is a scene with a second load balancer, called far, held at 10 %.
func two(t *testing.T) (*scene, *traffictest.Balancer) {
	t.Helper()
	s, far := newScene(t), new(traffictest.Balancer)
	other := far.Of()
	other.Name = "far"
	s.shift.Balancer = traffic.Join(s.balancer.Of(), other)
	if err := traffic.TakeClaim(t.Context(), s.shift.Balancer.Ledger, release.Green, shop, false); err != nil {
		t.Fatal(err)
	}
	return s, far
}

func held(t *testing.T) (*scene, *traffictest.Balancer, traffic.Rollback) {
	t.Helper()
	s, far := two(t)
	s.shift.Settings.OnInterrupt = traffic.Hold
	s.interrupt(t, errors.New("held"))
	back := s.rollback()
	back.Balancer = s.shift.Balancer
	return s, far, back
}

func at(t *testing.T, b *traffictest.Balancer) release.Weight {
	t.Helper()
	before := b.Before
	b.Before = nil
	defer func() { b.Before = before }()
	w, err := b.Weights(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w.Green
}

func TestOneLoadBalancerThatIsGoneHoldsUpNoOther(t *testing.T) {
	gone := errors.New("connection refused")
	bubble(t, map[string]func(t *testing.T){
		"both go back": func(t *testing.T) {
			s, far, back := held(t)
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "here", s.weight(t), 0)
			equal(t, "far", at(t, far), 0)
			equal(t, "sides", len(way.Sides), 2)
			equal(t, "missing", way.Missing(), "")
		},
		"one that refuses everything is retried and reported": func(t *testing.T) {
			s, far, back := held(t)
			far.Before = func(string) error { return gone }
			way, err := back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			says(t, "error", err.Error(), "far: ")
			says(t, "error", err.Error(), "connection refused")
			equal(t, "here", s.weight(t), 0)
			equal(t, "in time", way.Write < time.Second && way.Effect < time.Second, true)
			equal(t, "missing", way.Missing(), "far")
			equal(t, "retried", way.Sides[1].Tries > 50, true)
			equal(t, "4.1.v1", s.status("4.1.v1"), release.Failed)
			equal(t, "8.2.s4", s.status("8.2.s4"), release.Failed)
		},
		"one that never answers does not hide the way": func(t *testing.T) {
			s, far, back := held(t)
			far.Before = func(string) error { time.Sleep(time.Minute); return gone }
			way, err := back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "here", s.weight(t), 0)
			equal(t, "in time", way.Effect < 2*time.Second, true)
			says(t, "error", err.Error(), "far: ")
			time.Sleep(2 * time.Minute) // for the calls that nobody waits for
		},
		"one that comes back late goes back, too": func(t *testing.T) {
			s, far, back := held(t)
			begin := time.Now()
			far.Before = func(string) error {
				if time.Since(begin) < 5*time.Second {
					return gone
				}
				return nil
			}
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "here", s.weight(t), 0)
			equal(t, "far", at(t, far), 0)
			equal(t, "the first is not held up", way.Sides[0].Write < time.Second, true)
			equal(t, "the whole is said", way.Effect >= 5*time.Second, true)
		},
		"where none answers, it cannot tell": func(t *testing.T) {
			s, far, back := held(t)
			back.Force = release.Blue
			s.balancer.Before = func(string) error { return gone }
			far.Before = s.balancer.Before
			way, err := back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			says(t, "error", err.Error(), "fake: ")
			says(t, "error", err.Error(), "far: ")
			equal(t, "write", way.Write, 0)
		},
		"a shift that goes back from only one of them leaves its lease to the guard": func(t *testing.T) {
			s, far := two(t)
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight == 0 {
					return decide(gate.Pass, gate.OK)
				}
				far.Before = func(string) error { return gone }
				return decide(gate.Rollback, gate.Breach)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			says(t, "error", err.Error(), "not every load balancer went back: far: ")
			says(t, "error", err.Error(), ": the blue slot has all the traffic but that of far: ")
			says(t, "timeline", s.text(), "returned: the blue slot has all the traffic but that of far: written after")
			equal(t, "here", s.weight(t), 0)
			holding, peekErr := s.leases.Peek(t.Context())
			equal(t, "peek", peekErr, nil)
			equal(t, "lease", holding.State, traffic.Held)
			list(t, "workers", s.candidate.did, "start workers", "quiet workers")
		},
	})
}

func TestOneLoadBalancerDoesNotMakeUpForAnother(t *testing.T) {
	bubbled(t, func(t *testing.T) {
		s, far := two(t)
		much, none := release.Split(release.Green, 20), release.Split(release.Green, 0)
		s.balancer.Crooked, far.Crooked = &much, &none // as one, the 10 % that were asked for
		s.balancer.Before = func(call string) error {
			if call == "restore blue" {
				s.balancer.Crooked, far.Crooked = nil, nil
			}
			return nil
		}
		log, err := s.shift.Run(t.Context())
		equal(t, "exit", release.ExitStatus(err), 1)
		equal(t, "outcome", log.Outcome, traffic.RolledBack)
		says(t, "reason", log.Reason, "counted blue 800 green 200 of 1000 through fake")
		equal(t, "C.1.1", s.status("C.1.1"), release.Failed)
	})
}
