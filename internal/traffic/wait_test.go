package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// abandoned is a scene whose shift was killed at 10 %: its lease is still held.
func abandoned(t *testing.T) *scene {
	t.Helper()
	s := shifted(t)
	_, err := s.leases.Acquire(t.Context(), traffic.Owner{Release: shop, Process: "attempt 0"})
	equal(t, "error", err, nil)
	return s
}

func TestAShiftThatWaitsForAnEarlierAttempt(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"goes on when its lease has expired": func(t *testing.T) {
			s := abandoned(t)
			before := len(s.moves())
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			list(t, "moves", s.moves()[before:], "set green 10%", "set green 10%", "set green 50%", "set green 100%")
		},
		"goes on where the other has gone meanwhile": func(t *testing.T) {
			s := abandoned(t)
			before := len(s.moves())
			time.AfterFunc(10*time.Second, func() { s.balancer.Move(release.Split(release.Green, 50)) })
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			list(t, "moves", s.moves()[before:], "set green 50%", "set green 50%", "set green 100%")
		},
		"leaves the traffic where a rollback has put it meanwhile": func(t *testing.T) {
			s := abandoned(t)
			before := len(s.moves())
			time.AfterFunc(10*time.Second, func() { _, _ = s.rollback().Run(t.Context()) })
			log, err := s.shift.Run(t.Context())
			says(t, "error", err.Error(), "while it waited, the green slot went from 10% to 0%")
			equal(t, "status", release.ExitStatus(err), int(release.Refused))
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			list(t, "moves", s.moves()[before:], "restore blue")
		},
		"says how to take the traffic back when it is told to end": func(t *testing.T) {
			s := abandoned(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(10*time.Second, func() { cancel(errors.New("the job was cancelled")) })
			_, err := s.shift.Run(ctx)
			says(t, "error", err.Error(), "the green slot had 10% of it: shift: acquire the lease: the job was cancelled")
			says(t, "hint", release.HintOf(err), "bluegreen rollback")
			equal(t, "weight", s.weight(t), 10)
		},
		"has nothing to do when the other has finished meanwhile": func(t *testing.T) {
			s := abandoned(t)
			before := len(s.moves())
			time.AfterFunc(10*time.Second, func() {
				s.balancer.Move(release.Split(release.Green, 100))
				_ = s.balancer.Update(t.Context(), func(p *traffic.Page) error { p.Shift.Finished = time.Now(); return nil })
			})
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Unchanged)
			list(t, "moves", s.moves()[before:])
		},
	})
}
