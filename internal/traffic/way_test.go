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

// breaks lets the gates say the verdict after a minute at 10 %.
func (s *scene) breaks(v gate.Verdict) {
	begin := since()
	s.gates.judge = func(at gate.Moment) gate.Decision {
		if at.Weight == 10 && begin() > time.Minute {
			return decide(v, gate.Breach)
		}
		return decide(gate.Pass, gate.OK)
	}
}

// sick lets these slots answer that they are.
func (s *scene) sick(all ...release.Slot) {
	s.shift.Healthy = func(_ context.Context, slot release.Slot) error {
		for _, one := range all {
			if one == slot {
				return errors.New(string(slot) + " is down")
			}
		}
		return nil
	}
}

func blueDies(after time.Duration) func(context.Context) <-chan traffic.Alarm {
	return alarms(alarm{after, traffic.Alarm{Slot: release.Blue, Sort: traffic.Crashed, Text: "backend 1 died"}})
}

// hasStayed says that the candidate kept its share, since there was nowhere to go.
func (s *scene) hasStayed(t *testing.T, log *traffic.Log, err error) {
	t.Helper()
	equal(t, "outcome", log.Outcome, traffic.HeldAt)
	equal(t, "exit", release.ExitStatus(err), 1)
	equal(t, "weight", s.weight(t), 10)
	list(t, "moves", s.moves(), "set green 0%", "set green 10%")
	list(t, "lease", s.leases.Calls(), "acquire", "release")
	says(t, "sick", log.Sick, "the good slot, blue, is not healthy: ")
	says(t, "error", err.Error(), log.Sick)
	says(t, "hint", release.HintOf(err), "repair the blue slot")
}

func TestAShiftLooksAtAGoodSlotThatMayBeGone(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"after a long pause, and stays where it is": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Pause)
			s.sick(release.Blue)
			log, err := s.shift.Run(t.Context())
			s.hasStayed(t, log, err)
			says(t, "reason", log.Reason, "longer than max-pause 30m0s")
			says(t, "reason", log.Reason, "blue is down; the green slot is healthy")
		},
		"after a long pause, and goes back to one that is well": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Pause)
			s.sick()
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
		},
		"after its crash, also when a gate says so": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Rollback)
			s.sick(release.Blue)
			s.shift.Alarms = blueDies(30 * time.Second)
			log, err := s.shift.Run(t.Context())
			s.hasStayed(t, log, err)
		},
		"and says so when both are down": func(t *testing.T) {
			s := newScene(t)
			s.sick(release.Blue, release.Green)
			s.shift.Alarms = alarms(
				alarm{30 * time.Second, traffic.Alarm{Slot: release.Blue, Sort: traffic.Crashed, Text: "the host is gone"}},
				green(31*time.Second, traffic.Crashed, "the host is gone"))
			log, err := s.shift.Run(t.Context())
			s.hasStayed(t, log, err)
			says(t, "sick", log.Sick, "the green slot is not healthy either: green is down")
		},
		"for a second, when it does not answer": func(t *testing.T) {
			s, begin := newScene(t), time.Now()
			s.shift.Healthy = func(ctx context.Context, _ release.Slot) error { <-ctx.Done(); return ctx.Err() }
			s.shift.Alarms = alarms(
				alarm{30 * time.Second, traffic.Alarm{Slot: release.Blue, Sort: traffic.Crashed, Text: "backend 1 died"}},
				green(31*time.Second, traffic.Crashed, "backend 1 died"))
			log, err := s.shift.Run(t.Context())
			s.hasStayed(t, log, err)
			equal(t, "in time", time.Since(begin) < 33*time.Second, true)
		},
		"and asks nobody without a sign of that": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Rollback)
			s.shift.Healthy = func(context.Context, release.Slot) error { t.Error("it asked"); return nil }
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
		},
	})
}

// slow is a candidate whose workers take their time to finish.
type slow struct{ *candidate }

func (s slow) QuietWorkers(ctx context.Context) error {
	time.Sleep(time.Minute)
	return s.candidate.QuietWorkers(ctx)
}

func TestAWayBackInsideAShift(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"is told before the workers have finished": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Rollback)
			s.shift.Slot = slow{s.candidate}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			list(t, "workers", s.candidate.did, "start workers", "quiet workers")
			for _, e := range log.Events {
				if e.Kind == traffic.Returned && e.At.Sub(log.Back.Decided) > time.Second {
					t.Errorf("told after %v", e.At.Sub(log.Back.Decided))
				}
			}
		},
		"quiets workers that an earlier run has started": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.OnInterrupt = traffic.Hold
			s.interrupt(t, errors.New("held"))
			s.candidate.did = nil
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
			list(t, "workers", s.candidate.did, "quiet workers")
		},
		"watches for late writers, and not for ever": func(t *testing.T) {
			s, asked := newScene(t), time.Duration(0)
			s.breaks(gate.Rollback)
			s.shift.Balancer.Assert = func(ctx context.Context, slot release.Slot) (string, error) {
				equal(t, "slot", slot, release.Blue)
				begin := time.Now()
				<-ctx.Done()
				asked = time.Since(begin)
				return "looked at the weights", context.Cause(ctx)
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "asked for", asked, 10*time.Second)
			says(t, "timeline", s.text(), "after the proof: looked at the weights")
		},
		"keeps the lease where a late writer wins": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Rollback)
			s.shift.Balancer.Assert = func(context.Context, release.Slot) (string, error) {
				s.balancer.Move(release.Split(release.Green, 10))
				return "", nil
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			equal(t, "exit", release.ExitStatus(err), 3)
			says(t, "error", err.Error(), "after the proof the weights were changed to blue 90% green 10%")
			list(t, "lease", s.leases.Calls(), "acquire")
		},
		"is not called done where it is not proven": func(t *testing.T) {
			s := newScene(t)
			s.breaks(gate.Rollback)
			s.balancer.Before = func(call string) error {
				if call == "restore blue" {
					crooked := release.Split(release.Green, 10) // as if the write did nothing
					s.balancer.Crooked = &crooked
				}
				return nil
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.Stranded)
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "record", log.Record().RolledBack, false)
			says(t, "error", err.Error(), "counted blue 900 green 100 of 1000")
			says(t, "timeline", s.text(), "returned: the blue slot was given all the traffic, and whether it has it is not proven")
			list(t, "lease", s.leases.Calls(), "acquire")
		},
		"is not for a process that was away for longer than its lease": func(t *testing.T) {
			s, begin := newScene(t), since()
			s.leases.Before = func(call string) error {
				if begin() > 5*time.Minute && call == "renew" {
					return errors.New("no route to host")
				}
				return nil
			}
			s.balancer.Before = func(call string) error {
				if call == "set green 50%" {
					time.Sleep(2 * time.Minute)
					return errors.New("no answer")
				}
				return nil
			}
			s.shift.Alarms = alarms(green(5*time.Minute+time.Second, traffic.Crashed, "backend 1 died"))
			log, err := s.shift.Run(t.Context())
			s.hasStopped(t, log, err)
		},
	})
}
