package traffic_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestAShiftGoesBack(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"at once when a gate says so, and asks nothing before": func(t *testing.T) {
			s := newScene(t)
			var decided atomic.Bool
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight == 50 {
					decided.Store(true)
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			s.balancer.Before = func(call string) error {
				besides := call == "renew" || call == "weights" // the look at the weights, which nobody waits for
				if !besides && decided.Swap(false) && call != "restore blue" {
					t.Errorf("%q came between the decision and the write", call)
				}
				return nil
			}
			s.leases.Before = s.balancer.Before
			s.shift.Progress = func(traffic.Event) { _ = s.balancer.Before("progress") }
			log, err := s.shift.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "errors: it is breach")
			list(t, "workers", s.candidate.did, "start workers", "quiet workers")
			list(t, "lease", s.leases.Calls(), "acquire", "release")
			for _, id := range []string{"4.6.t1", "4.6.t6", "4.1.v1", "C.3.r2"} {
				if got := s.status(id); got != release.Passed && got != release.Failed { // no time passes in a bubble
					t.Errorf("%s: got %q, want it shown", id, got)
				}
			}
			equal(t, "4.1.v1", s.status("4.1.v1"), release.Passed)
		},
		"after a pause that is too long": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if begin() > time.Minute {
					d := decide(gate.Pause, gate.Breach)
					d.Readings = append(d.Readings, d.Readings[0])
					d.Readings[1].Rule = "latency"
					return d
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "longer than max-pause 30m0s: errors, latency: it is breach")
			equal(t, "wall time", log.Steps[0].Wall.Round(time.Minute), 31*time.Minute)
		},
		"after a pause in many pieces": func(t *testing.T) {
			s, looks := newScene(t), 0
			s.gates.judge = func(gate.Moment) gate.Decision {
				if looks++; looks%2 == 0 {
					return decide(gate.Pause, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
		},
		"after the metrics were lost for too long": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if begin() > 0 {
					return decide(gate.Inconclusive, gate.MetricsLost)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "metrics-lost")
		},
		"after gates that never answer again": func(t *testing.T) {
			s, begin, forever := newScene(t), since(), make(chan struct{})
			defer close(forever)
			s.gates.deaf = func(context.Context, gate.Moment) {
				if begin() > time.Minute {
					<-forever
				}
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "the gates did not answer")
		},
		"after gates that take too long to watch": func(t *testing.T) {
			s := newScene(t)
			s.gates.deaf = func(context.Context, gate.Moment) { time.Sleep(12 * time.Second) }
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "good time", log.Steps[0].Good, 0)
			says(t, "reason", log.Reason, "time that nobody watches does not count")
		},
		"after no traffic at all, which is not too little": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(at gate.Moment) gate.Decision { return decide(gate.Inconclusive, gate.NoTraffic) }
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "no-traffic")
		},
		"when somebody else changes the weights and leaves them so": func(t *testing.T) {
			s := newScene(t)
			time.AfterFunc(time.Minute, func() { s.balancer.Move(release.Split(release.Green, 60)) })
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "somebody else changed the weights to blue 40% green 60%")
			if good := log.Steps[0].Good; good > time.Minute {
				t.Errorf("%v of good time: want none after the change", good)
			}
		},
		"when the weights cannot be read for as long as a pause may last, and says that it is not proven": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.balancer.Before = func(call string) error {
				if begin() > time.Minute && call == "weights" {
					return errors.New("the state folder is gone")
				}
				return nil
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			equal(t, "exit", release.ExitStatus(err), 3)
			says(t, "reason", log.Reason, "longer than max-pause 30m0s: the weights cannot be read: the state folder is gone")
			says(t, "error", err.Error(), "the blue slot was given all the traffic, and whether it has it is not proven: ")
			list(t, "lease", s.leases.Calls(), "acquire")
			list(t, "moves", s.moves()[2:], "restore blue")
		},
		"not when the weights cannot be read for a while": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.balancer.Before = func(call string) error {
				if at := begin(); at > time.Minute && at < 4*time.Minute && call == "weights" {
					return errors.New("502 bad gateway")
				}
				return nil
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			says(t, "timeline", s.text(), "the weights cannot be read: 502 bad gateway: the clock stands still")
		},
		"without waiting for a load balancer that is slow to say its weights": func(t *testing.T) {
			s, begin := newScene(t), since()
			var breach time.Duration
			var back atomic.Bool
			s.gates.judge = func(gate.Moment) gate.Decision {
				if breach = begin(); breach > time.Minute {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			s.balancer.Before = func(call string) error {
				back.CompareAndSwap(false, call == "restore blue")
				if call == "weights" && begin() > time.Minute && !back.Load() {
					time.Sleep(time.Minute)
				}
				return nil
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			time.Sleep(2 * time.Minute) // for the call that nobody waits for
			equal(t, "decided in time", breach <= time.Minute+5*time.Second, true)
		},
		"when the share is not what was asked for": func(t *testing.T) {
			s := newScene(t)
			crooked := release.Split(release.Green, 30)
			s.balancer.Crooked = &crooked
			s.balancer.Before = func(call string) error {
				if call == "restore blue" {
					s.balancer.Crooked = nil
				}
				return nil
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "counted blue 700 green 300 of 1000")
			equal(t, "C.1.1", s.status("C.1.1"), release.Failed)
		},
		"when the weights are not what was asked for": func(t *testing.T) {
			s := newScene(t)
			crooked := release.Split(release.Green, 10) // as if the requests agreed
			s.balancer.Crooked = &crooked
			s.balancer.Before = func(call string) error {
				switch {
				case call == "restore blue":
					s.balancer.Crooked = nil
				case call == "weights" && len(s.moves()) == 2:
					s.balancer.Move(release.Split(release.Green, 12))
				}
				return nil
			}
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
			says(t, "reason", log.Reason, "the load balancer says blue 88% green 12%")
		},
		"when the weight cannot be set": func(t *testing.T) {
			s := newScene(t)
			s.balancer.Before = failing("set green 50%", errors.New("disk full"))
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "set 50%: disk full")
		},
		"again and again until one write is taken": func(t *testing.T) {
			s, tries := newScene(t), 0
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight == 10 {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			s.balancer.Before = func(call string) error {
				if call == "restore blue" {
					if tries++; tries < 4 {
						return errors.New("try again")
					}
				}
				return nil
			}
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
			equal(t, "tries", log.Back.Tries, 4)
		},
		"and keeps the lease when no write is taken, so that a guard tries": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight == 10 {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			s.balancer.Before = failing("restore blue", errors.New("disk full"))
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			equal(t, "exit", release.ExitStatus(err), 3)
			list(t, "lease", s.leases.Calls(), "acquire")
		},
		"never in a first release, which has no way back": func(t *testing.T) {
			s := newScene(t)
			s.shift.Good = nil
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight == 100 {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "weight", s.weight(t), 100)
			says(t, "error", err.Error(), "no way back")
		},
	})
}

// hasReturned says that all the traffic is at blue, which was proven.
func (s *scene) hasReturned(t *testing.T, log *traffic.Log) {
	t.Helper()
	equal(t, "outcome", log.Outcome, traffic.RolledBack)
	equal(t, "weight", s.weight(t), 0)
	if log.Back == nil {
		t.Fatal("no way back in the log")
	}
	equal(t, "counted", log.Back.Share, traffic.Share{Blue: 1000})
	equal(t, "warning", log.Back.Warning, "")
	equal(t, "record", log.Record().RolledBack, true)
}

func TestAShiftIsInterrupted(t *testing.T) {
	term := errors.New("the job was cancelled")
	bubble(t, map[string]func(t *testing.T){
		"and takes the traffic back": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			log, _ := s.interrupt(t, term)
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "interrupted: the job was cancelled")
			equal(t, "duration", time.Since(begin).Truncate(time.Second), time.Minute)
			list(t, "lease", s.leases.Calls(), "acquire", "release")
		},
		"and is back within 5 seconds, whatever is deaf": func(t *testing.T) {
			s, begin, forever := newScene(t), time.Now(), make(chan struct{})
			defer close(forever)
			deaf := func(string) error {
				if time.Since(begin) >= time.Minute {
					<-forever
				}
				return nil
			}
			s.gates.deaf = func(context.Context, gate.Moment) { _ = deaf("") }
			s.leases.Before = deaf
			s.balancer.Before = func(call string) error {
				if call == "restore blue" {
					return nil
				}
				return deaf(call)
			}
			log, _ := s.interrupt(t, term)
			equal(t, "outcome", log.Outcome, traffic.Stranded) // written, and nobody could prove it
			if took := time.Since(begin) - time.Minute; took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if at := log.Back.Write; at > 2*time.Second {
				t.Errorf("the write took %v", at)
			}
		},
		"and holds the weight where that was asked": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.OnInterrupt = traffic.Hold
			log, err := s.interrupt(t, term)
			equal(t, "outcome", log.Outcome, traffic.HeldAt)
			equal(t, "weight", s.weight(t), 10)
			says(t, "hint", release.HintOf(err), "run the shift again")
			list(t, "lease", s.leases.Calls(), "acquire", "release")
		},
		"before any traffic was moved, and moves none": func(t *testing.T) {
			s := newScene(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			s.gates.deaf = func(ctx context.Context, _ gate.Moment) { cancel(term) }
			log, err := s.shift.Run(ctx)
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			equal(t, "cause", errors.Is(err, term), true)
			list(t, "moves", s.moves(), "set green 0%")
		},
	})
}

func TestAShiftStopsWithoutTouchingTheWeights(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"when a newer token is seen": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			time.AfterFunc(time.Minute, func() { _ = s.leases.Raise(t.Context(), 99) })
			log, err := s.shift.Run(t.Context())
			s.hasStopped(t, log, err)
			says(t, "hint", release.HintOf(err), "see who has taken over")
			if took := time.Since(begin); took > time.Minute+traffic.RenewEvery {
				t.Errorf("it noticed after %v", took)
			}
		},
		"at the next tick when a rollback has moved the traffic": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			time.AfterFunc(61*time.Second, func() {
				_, err := traffic.Rollback{Balancer: s.balancer.Of(), Lease: s.leases, Observe: 10}.Run(t.Context())
				equal(t, "rollback", err, nil)
			})
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stopped)
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "weight", s.weight(t), 0)
			equal(t, "duration", time.Since(begin), 65*time.Second)
		},
		"when the load balancer refuses its token": func(t *testing.T) {
			s := newScene(t)
			s.balancer.Before = func(call string) error {
				if call == "set green 50%" {
					return s.balancer.Set(t.Context(), release.Green, 10, 99)
				}
				return nil
			}
			log, err := s.shift.Run(t.Context())
			s.hasStopped(t, log, err)
		},
		"when the lease could not be renewed until it expired": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.leases.Before = func(string) error {
				if begin() > time.Minute {
					return errors.New("no route to host")
				}
				return nil
			}
			log, err := s.shift.Run(t.Context())
			s.hasStopped(t, log, err)
			says(t, "error", err.Error(), "its store does not answer: not renewed for 5")
			says(t, "hint", release.HintOf(err), "make the store of the lease answer")
			if at := begin(); at > time.Minute+traffic.LeaseExpiry {
				t.Errorf("it stopped after %v, when the lease had expired", at)
			}
		},
		"when it was held for lack of traffic": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.OnLowTraffic = traffic.Hold
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Inconclusive, gate.LowTraffic) }
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.HeldAt)
			equal(t, "weight", s.weight(t), 10)
		},
	})
}

func (s *scene) hasStopped(t *testing.T, log *traffic.Log, err error) {
	t.Helper()
	equal(t, "outcome", log.Outcome, traffic.Stopped)
	equal(t, "exit", release.ExitStatus(err), 1)
	equal(t, "weight", s.weight(t), 10)
	for _, move := range s.moves() {
		if move == "restore blue" {
			t.Error("it touched the weights")
		}
	}
}
