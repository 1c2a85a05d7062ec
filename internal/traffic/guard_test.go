package traffic_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

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
			if took := time.Since(begin); took > 90*time.Second {
				t.Errorf("it took %v", took)
			}
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
			equal(t, "error", err, nil)
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
			seen, err := s.guard().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "text", seen.Text, "a rollback has ended the shift")
		},
		"does not touch the traffic because its store is down": func(t *testing.T) {
			s := shifted(t)
			s.leases.Before = failing("peek", errors.New("no route to host"))
			_, err := s.guard().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
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
	return traffic.Idle(t.Context(), s.balancer.Of(), s.balancer, id, release.Green, s.found)
}

func TestAFleet(t *testing.T) {
	broken := errors.New("broken")
	two := func() (traffic.Fleet, *traffictest.Balancer, *traffictest.Balancer) {
		a, b := new(traffictest.Balancer), new(traffictest.Balancer)
		return traffic.Fleet{a, b}, a, b
	}
	t.Run("moves together", func(t *testing.T) {
		fleet, a, b := two()
		equal(t, "error", fleet.Set(t.Context(), release.Green, 10, 1), nil)
		for _, one := range []traffic.Router{fleet, a, b} {
			w, err := one.Weights(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weights", w, release.Split(release.Green, 10))
		}
	})
	t.Run("returns where one refuses", func(t *testing.T) {
		fleet, a, b := two()
		b.Before = failing("set green 50%", broken)
		err := fleet.Set(t.Context(), release.Green, 50, 1)
		equal(t, "broken", errors.Is(err, broken), true)
		w, _ := a.Weights(t.Context())
		equal(t, "the first", w, release.Split(release.Green, 0))
	})
	t.Run("says when its members disagree", func(t *testing.T) {
		fleet, a, _ := two()
		a.Move(release.Split(release.Green, 10))
		_, err := fleet.Weights(t.Context())
		equal(t, "apart", errors.Is(err, traffic.ErrApart), true)
	})
	t.Run("goes back everywhere, also when one cannot", func(t *testing.T) {
		fleet, a, b := two()
		equal(t, "error", fleet.Set(t.Context(), release.Green, 50, 1), nil)
		a.Before = failing("restore blue", broken)
		equal(t, "broken", errors.Is(fleet.Restore(t.Context(), release.Blue), broken), true)
		w, _ := b.Weights(t.Context())
		equal(t, "the second", w, release.Split(release.Blue, 100))
	})
	t.Run("is counted as a whole", func(t *testing.T) {
		fleet, a, b := two()
		equal(t, "error", fleet.Set(t.Context(), release.Green, 10, 1), nil)
		share, err := traffic.Observers{a, b}.Observe(t.Context(), 100)
		equal(t, "error", err, nil)
		equal(t, "share", share, traffic.Share{Blue: 180, Green: 20})
	})
}
