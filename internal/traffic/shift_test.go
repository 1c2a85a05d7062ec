package traffic_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// bubble runs each test on its own time, beside the others.
func bubble(t *testing.T, tests map[string]func(t *testing.T)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, test)
		})
	}
}

func TestAShiftGoesForward(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"in the steps of the plan, each for its time": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "duration", time.Since(begin), 30*time.Minute)
			list(t, "moves", s.moves(), "set green 0%", "set green 10%", "set green 50%", "set green 100%")
			list(t, "workers", s.candidate.did, "start workers")
			list(t, "lease", s.leases.Calls(), "acquire", "release")
			for i, good := range []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute} {
				equal(t, "good time", log.Steps[i].Good, good)
			}
			for _, id := range []string{"C.1.1", "C.1.2", "C.1.3", "C.1.4", "C.1.5", "C.1.6", "C.1.7", "C.1.8",
				"1.3.p1", "1.3.s3", "1.3.s4", "6.3.3", "6.3.6", "6.3.13", "6.3.14"} {
				equal(t, id, s.status(id), release.Passed)
			}
			equal(t, "finished", s.balancer.Page().Shift.Finished.IsZero(), false)
			if n := len(log.Events); n > 50 {
				t.Errorf("%d events in half an hour", n)
			}
		},
		"with a look that comes late, which is said and fails nothing": func(t *testing.T) {
			s, late := newScene(t), false
			s.gates.deaf = func(_ context.Context, at gate.Moment) {
				if at.Weight == 50 && !late {
					late = true
					time.Sleep(3*s.shift.Settings.Tick + time.Second)
				}
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "1.3.s4", s.status("1.3.s4"), release.NotShown)
		},
		"with the way back written down before the first weight": func(t *testing.T) {
			s := newScene(t)
			s.balancer.Before = func(call string) error {
				if call == "set green 10%" && (s.balancer.Page().Good == nil || s.balancer.Page().Good.Slot != release.Blue) {
					t.Error("the first weight was set without a way back")
				}
				return nil
			}
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
		},
		"once: the second run changes nothing": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			before, begin := len(s.moves()), time.Now()
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Unchanged)
			equal(t, "moves", len(s.moves()), before)
			equal(t, "duration", time.Since(begin), 0)
		},
		"in one step for a first release, which has no way back": func(t *testing.T) {
			s := newScene(t)
			s.shift.Good = nil
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			list(t, "moves", s.moves(), "set green 0%", "set green 100%")
			equal(t, "way back", s.balancer.Page().Good, nil)
		},
		"and does not take scrapes that are missing for too little traffic": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if begin() < 20*time.Minute {
					return decide(gate.Inconclusive, gate.Partial)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good time", log.Steps[0].Good, 5*time.Minute)
			equal(t, "thin", log.Steps[0].Thin, false)
			equal(t, "paused", log.Steps[0].Paused, 0)
			equal(t, "wall", log.Steps[0].Wall, 25*time.Minute)
		},
		"and counts only good time": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at := begin(); at > time.Minute && at <= 3*time.Minute {
					return decide(gate.Pause, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good time", log.Steps[0].Good, 5*time.Minute)
			equal(t, "paused", log.Steps[0].Paused, 2*time.Minute)
			equal(t, "C.1.2", s.status("C.1.2"), release.Passed)
			equal(t, "C.1.3", s.status("C.1.3"), release.Failed)
			says(t, "timeline", s.text(), "pause: errors: it is breach; the clock stands at 1m0s of 5m0s")
		},
		"and shows the good slot to be silent": func(t *testing.T) {
			s := newScene(t)
			s.shift.Served = func(_ context.Context, slot release.Slot) (float64, error) {
				equal(t, "slot", slot, release.Blue)
				return 42, nil
			}
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "C.1.9", s.status("C.1.9"), release.Passed)
		},
		"past too little traffic, with a warning": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Inconclusive, gate.LowTraffic) }
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "thin", log.Steps[0].Thin, true)
			equal(t, "wall time", log.Steps[0].Wall, 10*time.Minute)
			equal(t, "C.1.2", s.status("C.1.2"), release.NotShown)
			says(t, "timeline", s.text(), "too little traffic: 0s of 5m0s good time in 10m0s: errors: it is low-traffic")
		},
		"past a store of the lease that has forgotten its counter": func(t *testing.T) {
			s := newScene(t)
			equal(t, "earlier shift", s.balancer.Set(t.Context(), release.Green, 0, 41), nil)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 100)
		},
		"after the lease of a lost attempt has expired": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			_, err := s.leases.Acquire(t.Context(), traffic.Owner{Release: shop, Process: "attempt 0"})
			equal(t, "error", err, nil)
			_, err = s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "duration", time.Since(begin), 30*time.Minute+traffic.LeaseExpiry)
		},
	})
}

func TestAShiftGoesOnWhereItWas(t *testing.T) {
	killed := errors.New("killed")
	for _, c := range []struct {
		name string
		have release.Weight // when the first run ends
		want []string       // by the second
	}{
		{"at the first step when nothing was moved", 0, []string{"set green 0%", "set green 10%", "set green 50%", "set green 100%"}},
		{"at the weight that it was held at", 10, []string{"set green 10%", "set green 10%", "set green 50%", "set green 100%"}},
		{"at the next step when its weight is no step any more", 33, []string{"set green 33%", "set green 50%", "set green 100%"}},
		{"in the last bake", 100, []string{"set green 100%", "set green 100%"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.shift.Settings.OnInterrupt = traffic.Hold
				s.interrupt(t, killed)
				s.balancer.Move(release.Split(release.Green, c.have))
				before := len(s.moves())
				log, err := s.shift.Run(t.Context())
				equal(t, "error", err, nil)
				equal(t, "outcome", log.Outcome, traffic.Shifted)
				list(t, "moves", s.moves()[before:], c.want...)
			})
		})
	}
}

func TestAShiftIsRunAgain(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"after it was cancelled, from the first step": func(t *testing.T) {
			s := newScene(t)
			log, _ := s.interrupt(t, errors.New("cancelled"))
			s.hasReturned(t, log)
			before := len(s.moves())
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			list(t, "moves", s.moves()[before:], "set green 0%", "set green 10%", "set green 50%", "set green 100%")
			list(t, "workers", s.candidate.did, "start workers", "quiet workers", "start workers")
			equal(t, "good", s.balancer.Page().Good.Slot, release.Blue)
		},
		"after a rollback, and asks for the candidate again": func(t *testing.T) {
			s := newScene(t)
			_, _ = s.interrupt(t, errors.New("cancelled"))
			s.candidate.sick = errors.New("re-run smoke")
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			says(t, "error", err.Error(), "re-run smoke")
			equal(t, "weight", s.weight(t), 0)
		},
		"after a rollback, unless another release has the slot": func(t *testing.T) {
			s := newScene(t)
			_, _ = s.interrupt(t, errors.New("cancelled"))
			_, err := traffic.YieldClaim(t.Context(), s.balancer, release.Green, shop)
			equal(t, "yield", err, nil)
			equal(t, "claim", traffic.TakeClaim(t.Context(), s.balancer, release.Green, "shop-8", false), nil)
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			says(t, "error", err.Error(), "release shop-7 is superseded: release shop-8 claims the green slot")
		},
	})
}

// interrupt runs the shift and cancels it in the first step.
func (s *scene) interrupt(t *testing.T, why error) (*traffic.Log, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Minute, func() { cancel(why) })
	log, err := s.shift.Run(ctx)
	if err == nil {
		t.Fatal("the interrupted shift said nothing")
	}
	return log, err
}

func TestAShiftIsRefused(t *testing.T) {
	sick := errors.New("green is unhealthy")
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, s *scene)
		want  string
	}{
		{"when its claim is gone", func(t *testing.T, s *scene) {
			equal(t, "drop", traffic.DropClaim(t.Context(), s.balancer, release.Green, shop), nil)
		}, "release shop-7 has no claim on the green slot any more"},
		{"when a newer release was finished in its slot", func(t *testing.T, s *scene) {
			equal(t, "drop", traffic.DropClaim(t.Context(), s.balancer, release.Green, shop), nil)
			equal(t, "shift", s.balancer.Update(t.Context(), func(p *traffic.Page) error {
				p.Shift = &traffic.Note{Release: "shop-8", Candidate: release.Green, Finished: time.Now()}
				return nil
			}), nil)
		}, "release shop-7 is superseded: release shop-8 went to the green slot"},
		{"when a newer release has its claim", func(t *testing.T, s *scene) {
			equal(t, "take over", traffic.TakeClaim(t.Context(), s.balancer, release.Green, "shop-8", true), nil)
		}, "release shop-8 claims the green slot"},
		{"when somebody else moved the traffic", func(_ *testing.T, s *scene) {
			s.balancer.Move(release.Split(release.Green, 10))
		}, "has 10% of the traffic already, and not by release shop-7"},
		{"when somebody else moved all of it", func(_ *testing.T, s *scene) {
			s.balancer.Move(release.Split(release.Green, 100))
		}, "has 100% of the traffic already, and not by release shop-7"},
		{"when the candidate is not as it should be", func(_ *testing.T, s *scene) {
			s.candidate.sick = sick
		}, "green is unhealthy"},
		{"when another release is shifting", func(t *testing.T, s *scene) {
			_, err := s.leases.Acquire(t.Context(), traffic.Owner{Release: "shop-8", Process: "attempt 1"})
			equal(t, "acquire", err, nil)
		}, "release shop-8 (attempt 1) holds the lease"},
		{"when a rollback came between the lease and the first weight", func(t *testing.T, s *scene) {
			s.balancer.Before = func(call string) error {
				if call == "set green 0%" {
					return s.leases.Raise(t.Context(), 99)
				}
				return nil
			}
		}, "the lease is lost"},
		{"when the gates would take it back at once", func(_ *testing.T, s *scene) {
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Rollback, gate.Breach) }
		}, "errors: it is breach"},
		{"when nothing can be measured", func(_ *testing.T, s *scene) {
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Inconclusive, gate.Failing) }
		}, "errors: it is failing"},
		{"when there is no gate", func(_ *testing.T, s *scene) {
			s.gates.judge = func(gate.Moment) gate.Decision { return gate.Decision{} }
		}, "no gate gave a reason"},
		{"when the ledger cannot be read", func(_ *testing.T, s *scene) {
			s.balancer.Before = failing("read", sick)
		}, "read the ledger: green is unhealthy"},
		{"when the weights cannot be read", func(_ *testing.T, s *scene) {
			s.balancer.Before = failing("weights", sick)
		}, "read the weights: green is unhealthy"},
		{"when the way back cannot be written", func(_ *testing.T, s *scene) {
			s.balancer.Before = failing("update", sick)
		}, "green is unhealthy"},
		{"when the good slot is the candidate", func(_ *testing.T, s *scene) {
			s.shift.Good = &traffic.Good{Slot: release.Green}
		}, "want blue, the one beside the candidate"},
		{"when its steps do not lead to 100", func(_ *testing.T, s *scene) {
			s.shift.Settings.Steps = s.shift.Settings.Steps[:2]
		}, "the last weight is 50%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				c.spoil(t, s)
				before := s.greens()
				log, err := s.shift.Run(t.Context())
				if err == nil {
					t.Fatal("it was not refused")
				}
				says(t, "error", err.Error(), c.want)
				if release.HintOf(err) == "" && !errors.Is(err, sick) {
					t.Errorf("%v: no hint", err)
				}
				equal(t, "outcome", log.Outcome, traffic.RefusedTo)
				equal(t, "weight", s.greens(), before)
			})
		})
	}
}

func (s *scene) greens() release.Weight {
	before := s.balancer.Before
	s.balancer.Before = nil
	defer func() { s.balancer.Before = before }()
	w, _ := s.balancer.Weights(context.Background())
	return w.Green
}

// failing makes one call fail.
func failing(name string, err error) func(string) error {
	return func(call string) error {
		if call == name {
			return err
		}
		return nil
	}
}
