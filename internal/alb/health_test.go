package alb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheHealthOfTargetsIsAGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil   func(w *world)
		weight  release.Weight
		verdict gate.Verdict
		reason  string
	}{
		"all are healthy":             {func(*world) {}, 10, gate.Pass, "targets of green: api: 1 healthy; web: 1 healthy"},
		"the candidate is down":       {func(w *world) { w.sick["api-green"].Store(true) }, 10, gate.Rollback, "targets of green: api: 1 unhealthy; web: 1 healthy"},
		"it is down without traffic":  {func(w *world) { w.sick["api-green"].Store(true) }, 0, gate.Pause, "1 unhealthy"},
		"half of it is down":          {func(w *world) { w.more("api-green", "127.0.0.1:1") }, 10, gate.Pause, "api: 1 healthy, 1 unhealthy"},
		"half of the live is down":    {func(w *world) { w.more("web-blue", "127.0.0.1:1") }, 10, gate.Warn, "targets of blue: api: 1 healthy; web: 1 healthy, 1 unhealthy"},
		"the live slot is down":       {func(w *world) { w.sick["web-blue"].Store(true) }, 10, gate.Pause, "targets of blue: api: 1 healthy; web: 1 unhealthy"},
		"one of two leaves":           {func(w *world) { w.Edit(w.groups["api-green"], types.TargetTypeEnumIp, false, "127.0.0.1:1") }, 10, gate.Rollback, "1 draining, 1 unhealthy"},
		"no rule lists the candidate": {func(w *world) { w.Change(w.rule, w.only("api-blue")); w.Change(w.listener, w.only("web-blue")) }, 10, gate.Rollback, "api: 1 unused; web: 1 unused"},
		"AWS does not answer": {func(w *world) {
			w.Break(albtest.Fault{Action: "DescribeTargetHealth", Code: "AccessDenied", Times: -1})
		}, 10, gate.Inconclusive, "the IAM role may not do it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			s := w.open(t)
			at := gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: c.weight}
			equal(t, "before", s.Health().Evaluate(t.Context(), at).Verdict, gate.Pass)
			c.spoil(w)
			var d gate.Decision
			var text string
			for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
				d = s.Health().Evaluate(t.Context(), at)
				text = d.Readings[0].Reason + "\n" + d.Readings[1].Reason
				if d.Verdict == c.verdict && strings.Contains(text, c.reason) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%v: %s; want %v: %s", d.Verdict, text, c.verdict, c.reason)
				}
			}
		})
	}
}

func TestALookAtTheTargetsEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	silent := make(chan struct{})
	defer close(silent)
	w.Break(albtest.Fault{Action: "DescribeTargetHealth", Gate: silent, Times: -1})
	d := w.open(t).Health().Evaluate(t.Context(), gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 10})
	equal(t, "verdict", d.Verdict, gate.Inconclusive)
	if text := d.Readings[0].Reason; !strings.Contains(text, "AWS did not answer within 8s") {
		t.Errorf("it says %s", text)
	}
}

func (w *world) only(group string) types.Action {
	return albtest.Forward(map[string]int32{w.groups[group]: 1})
}

func (w *world) more(group, address string) {
	w.Edit(w.groups[group], types.TargetTypeEnumIp, false, w.backends[group].Listener.Addr().String(), address)
}

func TestAFirstReleaseHasNoWayBackToLose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	w.sick["api-blue"].Store(true)
	w.sick["web-blue"].Store(true)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		d := w.open(t).Health().Evaluate(t.Context(), gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 100})
		if d.Readings[1].Value == 0 && d.Verdict == gate.Warn {
			return
		}
	}
	t.Error("a live slot that was never healthy stops the shift")
}

func TestASlotIsWaitedForUntilTheLoadBalancerFindsItHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	w.sick["api-green"].Store(true)
	s := w.open(t)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if d := s.Health().Evaluate(t.Context(), gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: 10}); d.Verdict == gate.Rollback {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.Calls()
	go func() {
		for looks := 0; looks < 3 && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) { // two make one look at both services
			looks += len(w.Calls())
		}
		cancel()
	}()
	says(t, "a sick one", s.Ready(ctx, release.Green), "has not found the targets of green healthy: api: 1 unhealthy; web: 1 healthy")
	w.sick["api-green"].Store(false)
	must(t, s.Ready(t.Context(), release.Green))
}
