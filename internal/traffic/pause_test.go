package traffic_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestAPauseByAPerson(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"keeps the weight for as long as it lasts, however long": func(t *testing.T) {
			s := newScene(t)
			begin := time.Now()
			time.AfterFunc(time.Minute, func() {
				_, err := traffic.PauseShift(t.Context(), s.balancer, "octocat", "lunch")
				equal(t, "pause", err, nil)
			})
			time.AfterFunc(3*time.Hour, func() {
				w, _ := s.balancer.Weights(t.Context())
				equal(t, "while paused", w, release.Split(release.Green, 10))
				note, err := traffic.ResumeShift(t.Context(), s.balancer)
				equal(t, "resume", err, nil)
				equal(t, "release", note.Release, shop)
			})
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			says(t, "timeline", s.text(), "octocat has paused it at")
			says(t, "timeline", s.text(), "resumed at 10% after 2h59m")
			if took := time.Since(begin); took < 3*time.Hour+25*time.Minute {
				t.Errorf("the pause was counted: the shift took %v", took)
			}
		},
		"does not keep the gates from going back": func(t *testing.T) {
			s := newScene(t)
			time.AfterFunc(time.Minute, func() { _, _ = traffic.PauseShift(t.Context(), s.balancer, "octocat", "") })
			begin := time.Now()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if time.Since(begin) > time.Hour {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
		},
		"is refused where nothing is on its way": func(t *testing.T) {
			s := newScene(t)
			_, err := traffic.PauseShift(t.Context(), s.balancer, "octocat", "")
			says(t, "pause", err.Error(), "no shift is on its way")
			_, err = traffic.ResumeShift(t.Context(), s.balancer)
			says(t, "resume", err.Error(), "no shift is on its way")
		},
	})
}
