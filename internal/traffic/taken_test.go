package traffic_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// taken is how the last shift was taken back, as the ledger has it.
func (s *scene) taken(t *testing.T) *traffic.Back {
	t.Helper()
	page, err := s.balancer.Read(t.Context())
	equal(t, "error", err, nil)
	return page.Shift.Back
}

func TestTheLedgerSaysThatAShiftWasTakenBack(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"by itself": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(at gate.Moment) gate.Decision {
				if at.Weight > 0 {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
			equal(t, "refused", err != nil, true)
			equal(t, "at", s.taken(t).At, log.Back.Decided)
			equal(t, "reason", s.taken(t).Reason, log.Reason)
		},
		"since it was interrupted": func(t *testing.T) {
			s := newScene(t)
			s.interrupt(t, errors.New("the job was cancelled"))
			says(t, "back", s.taken(t).String(), "interrupted: the job was cancelled")
		},
		"by a rollback, of which the first counts": func(t *testing.T) {
			s := shifted(t)
			equal(t, "before", s.taken(t) == nil, true)
			for _, reason := range []string{"5xx at\n the checkout", "again"} {
				back := s.rollback()
				back.Release, back.Reason = "", reason
				_, err := back.Run(t.Context())
				equal(t, "error", err, nil)
				says(t, "back", s.taken(t).String(), ": 5xx at the checkout")
				time.Sleep(time.Hour)
			}
		},
		"not when it has begun anew": func(t *testing.T) {
			s := shifted(t)
			_, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			_, err = s.shift.Run(t.Context())
			equal(t, "anew", err, nil)
			equal(t, "held again", s.weight(t) > 0, true)
			equal(t, "back", s.taken(t) == nil, true)
		},
		"not when it was forced there again": func(t *testing.T) {
			s := shifted(t)
			for _, to := range release.Slots {
				back := s.rollback()
				back.Force = to
				_, err := back.Run(t.Context())
				equal(t, "error", err, nil)
				equal(t, "taken back", s.taken(t) != nil, to == release.Blue)
			}
		},
		"in few words": func(t *testing.T) {
			s := shifted(t)
			back := s.rollback()
			back.Reason = strings.Repeat("é", 10_000)
			_, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "reason", s.taken(t).Reason, strings.Repeat("é", 150))
		},
		"and a ledger that cannot be written holds up nothing": func(t *testing.T) {
			s := shifted(t)
			s.balancer.Before = failing("update", errors.New("read-only"))
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			says(t, "warning", way.Warning, "does not say that the shift was rolled back: read-only")
		},
	})
}
