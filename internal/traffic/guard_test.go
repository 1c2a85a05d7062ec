package traffic_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func bubbled(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func (s *scene) guard() traffic.Guard {
	return traffic.Guard{Owner: s.shift.Owner, Lease: s.leases, Appear: 10 * time.Minute, Tick: 5 * time.Second, Back: s.rollback()}
}

// again is an end with which the guard is run again beside the shift.
func again(t *testing.T, err error) {
	t.Helper()
	equal(t, "exit", release.ExitStatus(err), 1)
	says(t, "error", fmt.Sprint(err), "release shop-7 is not finished")
}

func TestAGuard(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"takes the traffic back within 90 seconds when the runner is lost": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner) // and nobody renews it
			equal(t, "error", err, nil)
			begin := time.Now()
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			says(t, "text", seen.Text, "expired")
			says(t, "reason", seen.Back.Reason, "expired")
			equal(t, "exit", release.ExitStatus(seen.Again), 1)
			if took := time.Since(begin); took > 90*time.Second {
				t.Errorf("it took %v", took)
			}
		},
		"counts from the expiry, and not from its own beginning": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			guard, begin := s.guard(), time.Now()
			guard.Back.Decided = begin
			seen, err := guard.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "decided", seen.Back.Decided.Sub(begin), traffic.LeaseExpiry)
		},
		"asks a sick good slot again, which may be about to restart": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			guard, begin := s.guard(), time.Now()
			guard.Back.Cold, guard.Back.Healthy = true, func(_ context.Context, slot release.Slot) error {
				if slot == release.Blue && time.Since(begin) < 70*time.Second {
					return release.Refuse("start it", "503")
				}
				return nil
			}
			_, err = guard.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
		},
		"leaves the traffic with the candidate when the good slot is dead": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			guard, begin := s.guard(), time.Now()
			guard.Back.Cold, guard.Back.Healthy = true, func(_ context.Context, slot release.Slot) error {
				if slot == release.Blue {
					return release.Refuse("start it", "503")
				}
				return nil
			}
			seen, err := guard.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "tried", seen.Tried, true)
			says(t, "error", err.Error(), "the good slot, blue, is not healthy: 503; the green slot is healthy")
			says(t, "hint", release.HintOf(err), "force blue")
			equal(t, "weight", s.weight(t), 10)
			if took := time.Since(begin); took > 90*time.Second {
				t.Errorf("it took %v", took)
			}
		},
		"takes the traffic back when the store forgets the lease and the runner is lost": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			time.AfterFunc(12*time.Second, s.leases.Forget)
			begin := time.Now()
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			says(t, "text", seen.Text, "has forgotten the lease of release shop-7 (attempt 1)")
			equal(t, "exit", release.ExitStatus(seen.Again), 1)
			if took := time.Since(begin); took > 90*time.Second {
				t.Errorf("it took %v", took)
			}
		},
		"lets a shift whose lease was forgotten stop, and its next step take the traffic back": func(t *testing.T) {
			s := newScene(t)
			time.AfterFunc(time.Minute, s.leases.Forget)
			stopped := make(chan error)
			go func() {
				log, err := s.shift.Run(t.Context())
				equal(t, "outcome", log.Outcome, traffic.Stopped)
				_, back := s.rollback().Run(t.Context())
				equal(t, "rollback", back, nil)
				stopped <- err
			}()
			seen, err := s.guard().Run(t.Context())
			again(t, err)
			equal(t, "tried", seen.Tried, false)
			equal(t, "exit", release.ExitStatus(<-stopped), 1)
			equal(t, "weight", s.weight(t), 0)
		},
		"goes on with a shift that gets its lease again from a store that has forgotten it": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			time.AfterFunc(12*time.Second, s.leases.Forget)
			time.AfterFunc(22*time.Second, func() { _, _ = s.leases.Acquire(t.Context(), s.shift.Owner) })
			begin := time.Now()
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "reason", seen.Back.Reason, "expired")
			if took := time.Since(begin); took < 82*time.Second {
				t.Errorf("it took %v", took)
			}
		},
		"cannot tell when the store forgets the lease and the ledger is unreadable": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			time.AfterFunc(12*time.Second, func() {
				s.leases.Forget()
				s.balancer.Before = failing("read", errors.New("no route to host"))
			})
			seen, err := s.guard().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "tried", seen.Tried, false)
		},
		"lets a shift go to its end": func(t *testing.T) {
			s := newScene(t)
			done := make(chan traffic.Watched)
			go func() {
				seen, err := s.guard().Run(t.Context())
				equal(t, "error", err, nil)
				done <- seen
			}()
			time.Sleep(time.Second)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			seen := <-done
			equal(t, "text", seen.Text, "the shift ended by itself")
			equal(t, "way", seen.Back, nil)
			equal(t, "weight", s.weight(t), 100)
		},
		"ends when no shift begins": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			seen, err := s.guard().Run(t.Context())
			again(t, err)
			equal(t, "way", seen.Back, nil)
			says(t, "text", seen.Text, "no shift of release shop-7 began within 10m0s")
			equal(t, "duration", time.Since(begin), 10*time.Minute)
		},
		"cannot tell when the shift keeps its lease elsewhere": func(t *testing.T) {
			s := shifted(t)
			guard := s.guard()
			guard.Lease = new(traffictest.Lease)
			_, err := guard.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			says(t, "error", err.Error(), "has 10% of the traffic, and its lease is not in the store that was watched")
			equal(t, "weight", s.weight(t), 10)
		},
		"cannot tell as soon as traffic moves without a lease that it sees": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			guard := s.guard()
			guard.Appear, guard.Lease = 4*time.Hour, new(traffictest.Lease)
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Inconclusive, gate.LowTraffic) }
			s.shift.Settings.OnLowTraffic = traffic.Hold
			time.AfterFunc(time.Hour, func() { _, _ = s.shift.Run(t.Context()) })
			_, err := guard.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			if took := time.Since(begin); took > time.Hour+time.Minute {
				t.Errorf("it took %v", took)
			}
			time.Sleep(2 * time.Hour) // the shift ends
		},
		"waits for a shift that waits for another release's": func(t *testing.T) {
			s := newScene(t)
			guard := s.guard()
			guard.Appear = 4 * time.Hour
			time.AfterFunc(3*time.Hour, func() { _, _ = s.leases.Acquire(t.Context(), s.shift.Owner) })
			seen, err := guard.Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "text", seen.Text, "expired")
		},
		"does not wait for a release that was given up": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			guard := s.guard()
			guard.Appear = 4 * time.Hour
			time.AfterFunc(time.Hour, func() { _, _ = traffic.YieldClaim(t.Context(), s.balancer, release.Green, shop) })
			seen, err := guard.Run(t.Context())
			again(t, err)
			equal(t, "text", seen.Text, "the release was rolled back before its shift began")
			if took := time.Since(begin); took > time.Hour+time.Minute {
				t.Errorf("it took %v", took)
			}
		},
		"does not wait for a release that has lost its slot": func(t *testing.T) {
			s := newScene(t)
			equal(t, "error", traffic.TakeClaim(t.Context(), s.balancer, release.Green, "shop-8", true), nil)
			begin := time.Now()
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "text", seen.Text, "another release claims its slot, or none does")
			equal(t, "duration", time.Since(begin), 0)
		},
		"fails with a shift that is held, so that it is run again beside it": func(t *testing.T) {
			s := shifted(t) // and held at 10 %
			seen, err := s.guard().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "tried", seen.Tried, false)
			says(t, "error", err.Error(), "keeps 10% of the traffic")
			equal(t, "weight", s.weight(t), 10)
		},
		"fails when a held shift is not resumed": func(t *testing.T) {
			s := shifted(t)
			guard := s.guard()
			guard.Owner.Process = "attempt 2,"
			_, err := guard.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			says(t, "error", err.Error(), "keeps 10% of the traffic")
		},
		"waits for a release that was taken back after it was finished": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			_, err = s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			guard := s.guard()
			guard.Owner.Process = "attempt 2,"
			seen, err := guard.Run(t.Context())
			again(t, err)
			says(t, "text", seen.Text, "no shift of release shop-7 began within 10m0s")
		},
		"lets the step after a shift take the traffic back": func(t *testing.T) {
			s := shifted(t)
			time.AfterFunc(20*time.Second, func() { _, _ = s.rollback().Run(t.Context()) })
			seen, err := s.guard().Run(t.Context())
			again(t, err)
			equal(t, "text", seen.Text, "the shift ended by itself")
			equal(t, "weight", s.weight(t), 0)
		},
		"fails with a shift that took the traffic back itself": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Rollback, gate.Breach) }
			time.AfterFunc(time.Second, func() { _, _ = s.shift.Run(t.Context()) })
			seen, err := s.guard().Run(t.Context())
			again(t, err)
			equal(t, "tried", seen.Tried, false)
			equal(t, "weight", s.weight(t), 0)
		},
		"does not wait for a release that is finished": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			guard, begin := s.guard(), time.Now()
			guard.Owner.Process = "attempt 2,"
			seen, err := guard.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "text", seen.Text, "the release is finished")
			equal(t, "duration", time.Since(begin), 0)
		},
		"tries no rollback when it is told to end": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			seen, err := s.guard().Run(ctx)
			equal(t, "ended", errors.Is(err, context.DeadlineExceeded), true)
			equal(t, "tried", seen.Tried, false)
		},
		"is not fooled by the end of an earlier attempt": func(t *testing.T) {
			s := shifted(t) // attempt 1 has released its lease
			guard := s.guard()
			guard.Owner.Process = "attempt 2,"
			second := traffic.Owner{Release: shop, Process: "attempt 2, process 7 on host"}
			time.AfterFunc(time.Minute, func() { _, _ = s.leases.Acquire(t.Context(), second) })
			seen, err := guard.Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "text", seen.Text, "attempt 2, process 7 on host) expired")
			equal(t, "weight", s.weight(t), 0)
		},
		"leaves the traffic to a newer shift": func(t *testing.T) {
			s := shifted(t)
			token, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			time.AfterFunc(12*time.Second, func() {
				_ = s.leases.Release(t.Context(), token)
				_, _ = s.leases.Acquire(t.Context(), traffic.Owner{Release: "shop-8", Process: "attempt 1"})
			})
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "text", seen.Text, "went over to release shop-8")
			equal(t, "weight", s.weight(t), 10)
		},
		"leaves the traffic where a rollback has put it": func(t *testing.T) {
			s := shifted(t)
			_, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			time.AfterFunc(12*time.Second, func() { _ = s.leases.Raise(t.Context(), 99) })
			time.AfterFunc(time.Minute, func() { _, _ = s.rollback().Run(t.Context()) })
			seen, err := s.guard().Run(t.Context())
			again(t, err)
			equal(t, "text", seen.Text, "a rollback has ended the shift")
		},
		"does not touch the traffic because its store is down": func(t *testing.T) {
			s := shifted(t)
			s.leases.Before = failing("peek", errors.New("no route to host"))
			seen, err := s.guard().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "tried", seen.Tried, false)
			says(t, "error", err.Error(), "the lease could not be looked at for 5m0s")
			equal(t, "weight", s.weight(t), 10)
		},
	})
}

func TestIdle(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"makes the slot of a finished shift the default, twice": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			for range 2 {
				equal(t, "error", s.idle(t, shop), nil)
			}
			list(t, "moves", s.moves()[4:], "settle green", "settle green")
			equal(t, "D.1.v1", s.status("D.1.v1"), release.Passed)
		},
		"refuses a shift that is not finished": func(t *testing.T) {
			s := shifted(t)
			says(t, "error", s.idle(t, shop).Error(), "is not finished")
		},
		"refuses after a rollback": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			_, err = s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "error", s.idle(t, shop).Error(), "the green slot has 0% of the traffic")
		},
		"refuses another release": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "error", s.idle(t, "shop-6").Error(), "was not the last to be shifted")
		},
	})
}

func (s *scene) idle(t *testing.T, id release.ID) error {
	t.Helper()
	return traffic.Idle(t.Context(), s.balancer.Of(), id, release.Green, s.found)
}
