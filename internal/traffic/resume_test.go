package traffic_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestAShiftThatGoesOnKeepsItsWeightWhereACheckCannotTell(t *testing.T) {
	away := errors.New("no route to host")
	for name, c := range map[string]struct {
		spoil func(s *scene)
		want  string
	}{
		"a database that does not answer": {func(s *scene) { s.candidate.sick = release.CannotTell("", "read the version of the schema: %w", away) }, "schema"},
		"a check that takes too long":     {func(s *scene) { s.shift.Slot = deaf{s.candidate} }, "checking the candidate took longer than 2m0s"},
		"a lease store that is away":      {func(s *scene) { s.leases.Before = func(string) error { return away } }, "acquire the lease"},
		"a lease that is not renewed": {func(s *scene) {
			s.leases.Before = func(call string) error {
				if call == "renew" {
					return away
				}
				return nil
			}
		}, "no route to host"},
		"weights that cannot be read any more": {func(s *scene) {
			looks := 0
			s.balancer.Before = func(call string) error {
				if call == "weights" {
					if looks++; looks == 2 {
						return away
					}
				}
				return nil
			}
		}, "read the weights: no route to host"},
		"a ledger that cannot be written": {func(s *scene) { s.balancer.Before = failing("update", away) }, "no route to host"},
	} {
		for _, weight := range []release.Weight{0, 10} {
			t.Run(name+", at "+weight.String(), func(t *testing.T) {
				t.Parallel()
				bubbled(t, func(t *testing.T) {
					s := newScene(t)
					s.shift.Settings.OnInterrupt = traffic.Hold
					s.interrupt(t, errors.New("held"))
					s.balancer.Move(release.Split(release.Green, weight))
					s.shift.Owner.Process = "attempt 2"
					c.spoil(s)
					log, err := s.shift.Run(t.Context())
					says(t, "error", err.Error(), c.want)
					equal(t, "weight", s.weight(t), weight)
					if weight == 0 {
						equal(t, "outcome", log.Outcome, traffic.RefusedTo)
						return
					}
					equal(t, "outcome", log.Outcome, traffic.HeldAt)
					equal(t, "exit", release.ExitStatus(err), 3)
					says(t, "reason", log.Reason, c.want)
				})
			})
		}
	}
	bubbled(t, func(t *testing.T) {
		s := newScene(t)
		s.shift.Settings.OnInterrupt = traffic.Hold
		s.interrupt(t, errors.New("held"))
		s.candidate.sick = release.Refuse("", "other digests")
		log, _ := s.shift.Run(t.Context())
		equal(t, "a check that says no", log.Outcome, traffic.RefusedTo)
	})
}

// deaf is a candidate that cannot be checked.
type deaf struct{ *candidate }

func (d deaf) Check(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAShiftTellsThatItBegins(t *testing.T) {
	told := func(s *scene) *int {
		times := new(int)
		s.shift.Begun = func(context.Context) {
			if page := s.balancer.Page(); page.Good == nil || s.greens() > 0 {
				*times = 100 // too early, or too late
			}
			*times++
		}
		return times
	}
	bubble(t, map[string]func(t *testing.T){
		"when all is ready, and not again when it goes on": func(t *testing.T) {
			s := newScene(t)
			times := told(s)
			s.shift.Settings.OnInterrupt = traffic.Hold
			s.interrupt(t, errors.New("held"))
			equal(t, "told", *times, 1)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "told", *times, 1)
		},
		"not when the lease is taken": func(t *testing.T) {
			s := newScene(t)
			times := told(s)
			_, err := s.leases.Acquire(t.Context(), traffic.Owner{Release: "shop-8", Process: "attempt 1"})
			equal(t, "error", err, nil)
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			equal(t, "told", *times, 0)
		},
		"not when the gates refuse it": func(t *testing.T) {
			s := newScene(t)
			times := told(s)
			s.gates.judge = func(gate.Moment) gate.Decision { return decide(gate.Rollback, gate.Breach) }
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			equal(t, "told", *times, 0)
		},
	})
}
