package traffic_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestAReleaseWithAllTheTrafficIsValidated(t *testing.T) {
	slower := func(by time.Duration) func(release.Slot) gate.Flow {
		return func(slot release.Slot) gate.Flow {
			f := steady(slot)
			if slot == release.Green {
				f.Mean, f.P95 = f.Mean+by, f.P95+by
			}
			return f
		}
	}
	fewer := func(n float64) func(release.Slot) gate.Flow {
		return func(slot release.Slot) gate.Flow {
			f := steady(slot)
			if slot == release.Green {
				f.Requests = n
			}
			return f
		}
	}
	for _, c := range []struct {
		name string
		flow func(release.Slot) gate.Flow
		want string // of the reason to go back; empty for none
		p2   release.Status
	}{
		{"and is as before", slower(0), "", release.Passed},
		{"and may be a little slower", slower(40 * time.Millisecond), "", release.Passed},
		{"and is taken back when it is slow", slower(200 * time.Millisecond), "no slower than before: mean 10ms before and 210ms now", release.Failed},
		{"and is kept when half of the users are gone", fewer(2000), "", release.Passed},
		{"and is not compared with too few requests", fewer(100), "", release.NotShown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bubbled(t, func(t *testing.T) {
				s := newScene(t)
				s.shift.Settings.Validation = traffic.Validation{MaxSlowdown: 1.5, MinThroughput: 0.5}
				s.flows(c.flow)
				log, _ := s.shift.Run(t.Context())
				equal(t, "D.3.p2", s.status("D.3.p2"), c.p2)
				if c.want == "" {
					equal(t, "outcome", log.Outcome, traffic.Shifted)
					return
				}
				s.hasReturned(t, log)
				says(t, "reason", log.Reason, "the validation at 100%: "+c.want)
				says(t, "timeline", s.text(), "warned: the validation at 100% failed, and is done again")
			})
		})
	}
	bubble(t, map[string]func(t *testing.T){
		"and what is asked last may fail once": func(t *testing.T) {
			s, n := newScene(t), 0
			s.shift.Last = func(context.Context, time.Time) []traffic.Proof {
				n++
				p := traffic.Proof{What: "the front door", Status: release.Passed, Stops: true, Saw: fmt.Sprint(n), Evidence: []string{"D.3.f1"}}
				if n == 1 {
					p.Status = release.Failed
				}
				return []traffic.Proof{p}
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "asked", n, 2)
			equal(t, "D.3.f1", s.status("D.3.f1"), release.Passed)
			equal(t, "validation", log.Validation[0].Saw, "2")
		},
		"and two questions that fail once each are no reason to go back": func(t *testing.T) {
			s, n := newScene(t), 0
			s.shift.Last = func(context.Context, time.Time) []traffic.Proof {
				n++
				a := traffic.Proof{What: "the front door", Status: release.Passed, Stops: true}
				b := traffic.Proof{What: "the back door", Status: release.Passed, Stops: true}
				switch n {
				case 1:
					a.Status, a.Saw = release.Failed, "502"
				case 2:
					b.Status, b.Saw = release.Failed, "503"
				}
				return []traffic.Proof{a, b}
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "asked", n, 3)
		},
		"and what failed is asked again after a disturbance": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.shift.Last = func(context.Context, time.Time) []traffic.Proof {
				p := traffic.Proof{What: "the front door", Status: release.Passed, Stops: true}
				if begin() < 50*time.Second {
					p.Status, p.Saw = release.Failed, "502"
				}
				return []traffic.Proof{p}
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
		},
		"and is taken back when what is asked last fails twice": func(t *testing.T) {
			s := newScene(t)
			s.shift.Last = func(context.Context, time.Time) []traffic.Proof {
				return []traffic.Proof{
					{What: "a target", Status: release.Failed, Saw: "missed"},
					{What: "the front door", Status: release.Failed, Stops: true, Saw: "502", Evidence: []string{"D.3.f1"}},
				}
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "the validation at 100%: the front door: 502")
			equal(t, "D.3.f1", s.status("D.3.f1"), release.Failed)
		},
		"and one who does not answer is not waited for": func(t *testing.T) {
			s, forever := newScene(t), make(chan struct{})
			defer close(forever)
			s.shift.Last = func(context.Context, time.Time) []traffic.Proof { <-forever; return nil }
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "the validation took longer than 20s")
		},
		"and a second run compares with what the first has measured": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.OnInterrupt = traffic.Hold
			s.flows(steady)
			_, _ = s.interrupt(t, errors.New("killed"))
			s.shift.Settings.Validation = traffic.Validation{MaxSlowdown: 1.5}
			s.flows(slower(time.Second))
			log, _ := s.shift.Run(t.Context())
			says(t, "reason", log.Reason, "mean 10ms before and 1.01s now")
		},
		"and what is asked last knows when the first run began": func(t *testing.T) {
			s, told := newScene(t), time.Time{}
			s.shift.Settings.OnInterrupt = traffic.Hold
			first, _ := s.interrupt(t, errors.New("killed"))
			time.Sleep(time.Hour)
			s.shift.Last = func(_ context.Context, since time.Time) []traffic.Proof { told = since; return nil }
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			if set := first.Steps[0].Set; told.Before(first.Started) || told.After(set) {
				t.Errorf("told %v, and the first weight was set at %v", told, set)
			}
		},
	})
}
