package traffic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// flows makes users ask each slot what flow says of 5 minutes.
func (s *scene) flows(flow func(release.Slot) gate.Flow) {
	begin := time.Now()
	s.shift.Flow = func(_ context.Context, slot release.Slot, window time.Duration) (gate.Flow, error) {
		f, part := flow(slot), float64(window)/float64(5*time.Minute)
		f.Window, f.Requests, f.Failed = window, part*f.Requests, part*f.Failed
		return f, nil
	}
	s.shift.Served = func(_ context.Context, slot release.Slot) (float64, error) {
		if slot == release.Blue {
			return 1000, nil
		}
		return 500 + 10*time.Since(begin).Seconds(), nil
	}
}

func steady(release.Slot) gate.Flow {
	return gate.Flow{Requests: 6000, Failed: 3, Mean: 10 * time.Millisecond, P95: 34 * time.Millisecond, P99: 90 * time.Millisecond}
}

func TestProgress(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"is a line a minute, with what a reader wants to know": func(t *testing.T) {
			s, begin := newScene(t), time.Now().UTC()
			s.flows(steady)
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			over := begin.Add(30 * time.Minute).Format("15:04")
			says(t, "timeline", s.text(), "entered: step 2 of 3: 50% for 10m0s")
			says(t, "timeline", s.text(), "baked: 2m0s of 5m0s at 10%; 1100 requests, 0.05% errors, p95 34ms, all is over at about "+over+" UTC")
			if n := len(log.Events); n > 50 || n < 30 {
				t.Errorf("%d events in half an hour", n)
			}
		},
		"is the same for machines": func(t *testing.T) {
			s := newScene(t)
			s.flows(steady)
			log, _ := s.shift.Run(t.Context())
			text, err := json.Marshal(log)
			equal(t, "error", err, nil)
			const want = `"progress":{"weight":10,"good":120000000000,"bake":300000000000,"verdict":"pass","requests":1100,"errors":0.0005`
			if !strings.Contains(string(text), want) {
				t.Errorf("the log has no %s", want)
			}
			if n := len(log.Samples); n < 100 || n > 240 {
				t.Errorf("%d samples", n)
			}
			equal(t, "gate", log.Gates[0].Rule, "errors")
			if n := log.Gates[0].Looks[gate.Pass]; n < 360 {
				t.Errorf("%d looks", n)
			}
			equal(t, "turns", len(log.Gates[0].Turns), 1)
		},
		"stays small when a gate cannot decide for hours": func(t *testing.T) {
			s, n := newScene(t), 0
			s.shift.Settings.Steps[0].Bake, s.shift.Settings.MaxPause = 6*time.Hour, 100*time.Hour
			s.flows(steady)
			s.gates.judge = func(gate.Moment) gate.Decision {
				if n++; n%3 == 0 {
					return decide(gate.Pause, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			text, _ := json.Marshal(log)
			if len(log.Events) != 1000 || log.Dropped == 0 || len(log.Samples) > 240 || len(log.Gates[0].Turns) > 200 || len(text) > 1<<20 {
				t.Errorf("%d events, %d dropped, %d samples, %d turns, %d bytes", len(log.Events), log.Dropped, len(log.Samples), len(log.Gates[0].Turns), len(text))
			}
			equal(t, "first", log.Events[0].Kind, traffic.Entered)
			equal(t, "last", log.Events[len(log.Events)-1].Kind, traffic.Ended)
			last := log.Samples[len(log.Samples)-1]
			equal(t, "last sample", last.Weight, 100)
		},
		"does without figures that cannot be had": func(t *testing.T) {
			s := newScene(t)
			s.shift.Flow = func(context.Context, release.Slot, time.Duration) (gate.Flow, error) {
				return gate.Flow{}, errors.New("no such metric")
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "samples", len(log.Samples), 0)
			says(t, "timeline", s.text(), "baked: 2m0s of 5m0s at 10%; all is over at about")
		},
		"does not wait for figures": func(t *testing.T) {
			s, begin, forever := newScene(t), time.Now(), make(chan struct{})
			defer close(forever)
			s.shift.Flow = func(context.Context, release.Slot, time.Duration) (gate.Flow, error) {
				<-forever
				return gate.Flow{}, errors.New("never")
			}
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "good time", log.Steps[0].Good, 5*time.Minute)
			if took := time.Since(begin); took > 31*time.Minute {
				t.Errorf("it took %v", took)
			}
		},
	})
}

func TestAStepThatHolds(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"ends the run, and the next one goes on": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.Steps[1].Hold = true
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.HeldAt)
			equal(t, "exit", release.ExitStatus(err), 1)
			says(t, "reason", log.Reason, "the step 50% for 10m0s is over, and its configuration says to hold there")
			equal(t, "weight", s.weight(t), 50)
			list(t, "lease", s.leases.Calls(), "acquire", "release")
			before := len(s.moves())
			log, err = s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			list(t, "moves", s.moves()[before:], "set green 50%", "set green 50%", "set green 100%")
		},
		"holds again after a rollback": func(t *testing.T) {
			s := newScene(t)
			s.shift.Settings.Steps[1].Hold = true
			_, _ = s.shift.Run(t.Context())
			_, err := s.rollback().Run(t.Context())
			equal(t, "rollback", err, nil)
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.HeldAt)
			equal(t, "weight", s.weight(t), 50)
		},
	})
}

// people decide what decide says, some time after the first question.
type people struct {
	decide  func(since time.Duration) (traffic.Approval, error)
	nobody  error
	begin   time.Time
	asked   int
	checked []string
}

func (p *people) Check(_ context.Context, role string, anew bool) error {
	p.checked = append(p.checked, fmt.Sprintf("%s anew %t", role, anew))
	return p.nobody
}

func (p *people) Approval(context.Context, string) (traffic.Approval, error) {
	if p.begin.IsZero() {
		p.begin = time.Now()
	}
	p.asked++
	return p.decide(time.Since(p.begin))
}

func TestAStepThatWaitsForAnApproval(t *testing.T) {
	away := errors.New("no route to host")
	after := func(d time.Duration, a traffic.Approval) func(time.Duration) (traffic.Approval, error) {
		return func(since time.Duration) (traffic.Approval, error) {
			if since < d {
				return traffic.Approval{}, nil
			}
			return a, nil
		}
	}
	waits := func(t *testing.T, decide func(time.Duration) (traffic.Approval, error)) (*scene, *people) {
		s, p := newScene(t), &people{decide: decide}
		s.shift.Settings.Steps[1].Approval, s.shift.Settings.ApprovalTimeout = "half", time.Hour
		s.shift.Approvals = p
		return s, p
	}
	bubble(t, map[string]func(t *testing.T){
		"goes on when it is there": func(t *testing.T) {
			s, p := waits(t, after(20*time.Minute, traffic.Approval{Approved: "alice"}))
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "wall", log.Steps[0].Wall.Truncate(time.Minute), 25*time.Minute)
			list(t, "checked", p.checked, "half anew true")
			if p.asked > 20*4+2 {
				t.Errorf("asked %d times in 20 minutes", p.asked)
			}
			says(t, "timeline", s.text(), "50% waits for the role half to approve it in this run, for at most 1h0m0s")
			says(t, "timeline", s.text(), "50% was approved as half by alice")
		},
		"goes back when it is refused": func(t *testing.T) {
			s, _ := waits(t, after(time.Minute, traffic.Approval{Refused: `alice: "too slow"`}))
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, `50% was refused as half by alice: "too slow"`)
		},
		"goes back when nobody decides in time": func(t *testing.T) {
			s, _ := waits(t, after(48*time.Hour, traffic.Approval{}))
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "nobody approved 50% as half within 1h0m0s")
		},
		"goes back at once when a gate says so meanwhile": func(t *testing.T) {
			s, _ := waits(t, after(48*time.Hour, traffic.Approval{}))
			begin := since()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if begin() > 20*time.Minute {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			s.hasReturned(t, log)
			equal(t, "reason", log.Reason, "errors: it is breach")
		},
		"waits while the approvals cannot be read, and says so once": func(t *testing.T) {
			s, _ := waits(t, func(since time.Duration) (traffic.Approval, error) {
				if since < 10*time.Minute {
					return traffic.Approval{}, away
				}
				return traffic.Approval{Approved: "alice"}, nil
			})
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
			equal(t, "said", strings.Count(s.text(), "whether half has approved cannot be read: no route to host: 10% is held meanwhile"), 1)
		},
		"holds the weight when the approvals cannot be read at the end": func(t *testing.T) {
			s, p := waits(t, func(time.Duration) (traffic.Approval, error) { return traffic.Approval{}, away })
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.HeldAt)
			equal(t, "weight", s.weight(t), 10)
			p.begin = time.Time{}
			_, _ = s.shift.Run(t.Context())
			list(t, "checked", p.checked, "half anew true", "half anew false")
		},
		"says why an approval does not count": func(t *testing.T) {
			s, _ := waits(t, after(0, traffic.Approval{Pending: "approved by erin, who started the run"}))
			_, _ = s.shift.Run(t.Context())
			says(t, "timeline", s.text(), "warned: approved by erin, who started the run")
		},
		"is refused where nobody could approve": func(t *testing.T) {
			s, p := waits(t, nil)
			p.nobody = release.Refuse("create it", "environment production-half does not exist")
			log, err := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RefusedTo)
			says(t, "error", err.Error(), "approval of 50%: environment production-half does not exist")
			list(t, "moves", s.moves())
		},
		"is refused outside of a run": func(t *testing.T) {
			s, _ := waits(t, nil)
			s.shift.Approvals = nil
			_, err := s.shift.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), int(release.Invalid))
		},
	})
}
