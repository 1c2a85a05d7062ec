package traffic_test

import (
	"context"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// alarm is one that comes some time after the shift has begun to listen.
type alarm struct {
	after time.Duration
	traffic.Alarm
}

func green(after time.Duration, sort traffic.Sort, text string) alarm {
	return alarm{after, traffic.Alarm{Slot: release.Green, Sort: sort, Text: text}}
}

// alarms sends some, and closes the channel when ctx ends.
func alarms(all ...alarm) func(context.Context) <-chan traffic.Alarm {
	return func(ctx context.Context) <-chan traffic.Alarm {
		out := make(chan traffic.Alarm)
		go func() {
			defer close(out)
			begin := time.Now()
			for _, a := range all {
				select {
				case <-ctx.Done():
					return
				case <-time.After(a.after - time.Since(begin)):
				}
				select {
				case <-ctx.Done():
					return
				case out <- a.Alarm:
				}
			}
			<-ctx.Done()
		}()
		return out
	}
}

func TestAlarms(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"a crash of the candidate ends the bake at once, between two looks": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			var back time.Duration
			s.balancer.Before = func(call string) error {
				if call == "restore blue" && back == 0 {
					back = time.Since(begin)
				}
				return nil
			}
			s.shift.Alarms = alarms(green(61*time.Second, traffic.Crashed, "backend 1 ran out of memory"))
			log, err := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "reason", log.Reason, "the green slot: backend 1 ran out of memory")
			equal(t, "written after", back, 61*time.Second)
			equal(t, "C.3.5", s.status("C.3.5"), release.Failed)
			list(t, "workers", s.candidate.did, "start workers", "quiet workers")
		},
		"a crash is heard while the gates do not answer": func(t *testing.T) {
			s, begin, since := newScene(t), time.Now(), since()
			s.gates.deaf = func(ctx context.Context, _ gate.Moment) {
				if since() > 30*time.Second {
					<-ctx.Done()
				}
			}
			s.shift.Alarms = alarms(green(41*time.Second, traffic.Crashed, "worker 2 exited with 3"))
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			if took := log.Back.Decided.Sub(begin) + log.Back.Write; took > 41*time.Second+100*time.Millisecond {
				t.Errorf("written after %v", took)
			}
		},
		"a crash in the very first moment moves no traffic for long": func(t *testing.T) {
			s := newScene(t)
			s.shift.Alarms = alarms(green(0, traffic.Crashed, "backend 1 exited with 1"))
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
			equal(t, "weight", s.weight(t), 0)
		},
		"what was stopped on purpose is a warning": func(t *testing.T) {
			s := newScene(t)
			s.shift.Alarms = alarms(green(time.Minute, traffic.Noted, "worker 1 was stopped and exited with 0"))
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			says(t, "timeline", s.text(), "warned: the green slot: worker 1 was stopped and exited with 0")
			equal(t, "C.3.5", s.status("C.3.5"), release.Passed)
		},
		"a lost engine stops the clock until it is back": func(t *testing.T) {
			s := newScene(t)
			s.shift.Alarms = alarms(green(62*time.Second, traffic.Blinded, "cannot be watched: no route to host"), green(182*time.Second, traffic.Sighted, "is watched again"))
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good time", log.Steps[0].Good, 5*time.Minute)
			equal(t, "paused", log.Steps[0].Paused, 2*time.Minute)
			says(t, "timeline", s.text(), "the green slot: cannot be watched: no route to host: the clock stands still")
			equal(t, "C.3.5", s.status("C.3.5"), release.NotShown)
		},
		"an engine that stays lost is a reason to go back, in the end": func(t *testing.T) {
			s := newScene(t)
			s.shift.Alarms = alarms(green(time.Minute, traffic.Blinded, "cannot be watched: no route to host"))
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			says(t, "reason", log.Reason, "longer than max-pause 30m0s: the green slot: cannot be watched: no route to host")
		},
		"what happens to the good slot is a warning, once a minute": func(t *testing.T) {
			s := newScene(t)
			var all []alarm
			for i := range 30 {
				all = append(all, alarm{time.Minute + time.Duration(i)*time.Second, traffic.Alarm{Slot: release.Blue, Sort: traffic.Crashed, Text: "web 1 exited with 1"}})
			}
			s.shift.Alarms = alarms(all...)
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			warned := 0
			for _, e := range log.Events {
				if e.Kind == traffic.Warned {
					warned++
				}
			}
			equal(t, "warnings", warned, 1)
			says(t, "timeline", s.text(), "the way back may not be open: the blue slot: web 1 exited with 1")
		},
		"a crash in a first release leaves the traffic, since there is no way back": func(t *testing.T) {
			s := newScene(t)
			s.shift.Good = nil
			s.shift.Alarms = alarms(green(time.Minute, traffic.Crashed, "backend 1 exited with 1"))
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
		},
	})
}
