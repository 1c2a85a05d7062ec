package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// asks wraps the gates of a scene with one question, ready, that fails when fails
// says so.
func (s *scene) asks(fails func(at gate.Moment) bool) {
	s.shift.Gates = gate.Join(s.gates, &traffic.Repeats{Ask: func(_ context.Context, at gate.Moment) []traffic.Answer {
		if fails(at) {
			return []traffic.Answer{{Check: "ready", Err: errors.New("status 503: want [200]")}}
		}
		return []traffic.Answer{{Check: "ready"}}
	}})
}

// away is asks with a question that nobody answers while gone says so.
func (s *scene) away(gone func() bool) {
	s.shift.Gates = gate.Join(s.gates, &traffic.Repeats{Ask: func(context.Context, gate.Moment) []traffic.Answer {
		if gone() {
			return []traffic.Answer{{Check: "ready", Err: errors.New("connection refused"), Away: true}}
		}
		return []traffic.Answer{{Check: "ready"}}
	}})
}

func TestTheQuestionsOfSmokeAreRepeated(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"and pass": func(t *testing.T) {
			s, asked := newScene(t), 0
			s.asks(func(gate.Moment) bool { asked++; return false })
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "C.3.6", s.status("C.3.6"), release.Passed)
			if asked < 360 {
				t.Errorf("asked %d times in half an hour, want every tick of 5 s", asked)
			}
		},
		"and one failure stops the clock": func(t *testing.T) {
			s, begin, once := newScene(t), since(), false
			s.asks(func(gate.Moment) bool {
				if begin() > time.Minute && !once {
					once = true
					return true
				}
				return false
			})
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "paused", log.Steps[0].Paused, 5*time.Second)
			says(t, "timeline", s.text(), "pause: smoke ready: failed once: status 503: want [200]; the clock stands at")
		},
		"and a failure now and then is not two in a row": func(t *testing.T) {
			s, n := newScene(t), 0
			s.asks(func(at gate.Moment) bool { n++; return at.Weight > 0 && n%3 == 0 })
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
		},
		"and two in a row take the traffic back": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.asks(func(gate.Moment) bool { return begin() > time.Minute })
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "smoke ready: failed 2 times in a row: status 503: want [200]")
			equal(t, "C.3.6", s.status("C.3.6"), release.Failed)
			equal(t, "wall", log.Steps[0].Wall.Round(time.Second), time.Minute+5*time.Second)
		},
		"and one that nobody could be asked is no failure": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.away(func() bool { return begin() > time.Minute && begin() < time.Minute+25*time.Second })
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			says(t, "timeline", s.text(), "inconclusive: smoke ready: no answer for 0s: connection refused; the clock stands at")
			if log.Steps[0].Paused < 20*time.Second {
				t.Errorf("the clock stood for %v", log.Steps[0].Paused)
			}
		},
		"and one that nobody answers for long takes the traffic back": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.away(func() bool { return begin() > time.Minute })
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "smoke ready: no answer for 30s: connection refused")
		},
		"and a candidate that fails one gets no traffic": func(t *testing.T) {
			s := newScene(t)
			s.asks(func(gate.Moment) bool { return true })
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			says(t, "error", err.Error(), "smoke ready: failed once")
			list(t, "moves", s.moves(), "set green 0%")
		},
		"and are no gate by themselves": func(t *testing.T) {
			s := newScene(t)
			s.gates.judge = func(gate.Moment) gate.Decision { return gate.Decision{Verdict: gate.Inconclusive} }
			s.asks(func(gate.Moment) bool { return false })
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			equal(t, "exit", release.ExitStatus(err), int(release.Unknown))
		},
	})
}
