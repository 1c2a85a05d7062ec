package alb_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestALoadBalancerThatCanBeSwitchedIsTried(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Try(t.Context()))
	w.splits(t, release.Split(release.Blue, 100))
	equal(t, "tags that are left", len(w.ledger()), 0)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	w.Calls()
	must(t, s.Try(t.Context()))
	equal(t, "writes in the middle of a shift", writes(w.Calls()), 0)
	w.splits(t, release.Split(release.Green, 10))
}

func TestATryLeavesAShiftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	note := func(finished time.Time) {
		must(t, s.Update(t.Context(), func(p *traffic.Page) error {
			p.Shift = &traffic.Note{Release: "shop-1", Candidate: release.Green, Finished: finished}
			return nil
		}))
	}
	tries := func() int {
		w.Calls()
		must(t, s.Try(t.Context()))
		return writes(w.Calls())
	}
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	note(time.Time{})
	equal(t, "writes while the last step bakes", tries(), 0)
	note(time.Now())
	equal(t, "writes when it has ended", tries(), 2)
	note(time.Time{})
	must(t, s.Restore(t.Context(), release.Blue))
	equal(t, "writes when it was taken back", tries(), 2)
	w.splits(t, release.Split(release.Blue, 100))
}

// TestATryOverwritesNoRollback that comes while it looks, or right before it
// writes.
func TestATryOverwritesNoRollback(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, want string }{
		"while it looks":   {"untag", ""},
		"before it writes": {"modify", "was moved while it was tried"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			must(t, w.open(t).Set(t.Context(), release.Green, 100, 1))
			s := w.open(t)
			var once sync.Once
			s.Before(func(op, _ string) error {
				if op == c.before {
					once.Do(func() { w.rollback(t) })
				}
				return nil
			})
			err := s.Try(t.Context())
			if c.want == "" {
				must(t, err)
			} else {
				says(t, "try", err, c.want)
				equal(t, "exit", release.ExitStatus(err), 1)
			}
			w.splits(t, release.Split(release.Blue, 100))
		})
	}
}

func TestWhatCannotBeSwitchedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, w *world)
		want  string
	}{
		"stickiness in the rule": {func(_ *testing.T, w *world) {
			a := w.forward("api", 100, 0)
			a.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
			w.Change(w.rule, a)
		}, "it keeps clients in their group"},
		"stickiness of a group": {func(_ *testing.T, w *world) {
			w.Edit(w.groups["api-green"], types.TargetTypeEnumIp, true, w.backends["api-green"].Listener.Addr().String())
		}, "it keeps clients at their targets"},
		"one group only": {func(_ *testing.T, w *world) {
			w.Change(w.rule, albtest.Forward(map[string]int32{w.groups["api-blue"]: 1}))
		}, "it lists one of the two target groups only"},
		"a group of another load balancer": {func(t *testing.T, w *world) {
			api := w.settings.Services["api"]
			api.Rules = []alb.ARN{alb.ARN(strings.Replace(w.rule, "/app/front/", "/app/other/", 1))}
			w.Alias(string(api.Rules[0]), w.rule)
			w.settings.Services["api"] = api
		}, "it is not attached to the load balancer of listener-rule/app/other/"},
		"a third group": {func(_ *testing.T, w *world) {
			w.Change(w.rule, albtest.Forward(map[string]int32{w.groups["api-blue"]: 1, w.Group("third", "/"): 1}))
		}, "it forwards to targetgroup/third/"},
		"a redirect":        {becomes(types.Action{Type: types.ActionTypeEnumRedirect}), "its last action is redirect: want forward"},
		"a fixed response":  {becomes(types.Action{Type: types.ActionTypeEnumFixedResponse}), "its last action is fixed-response: want forward"},
		"no action":         {becomes(), "it has no action"},
		"no weight":         {func(_ *testing.T, w *world) { w.Change(w.rule, w.forward("api", 0, 0)) }, "both weights are 0"},
		"crooked weights":   {func(_ *testing.T, w *world) { w.Change(w.rule, w.forward("api", 1, 2)) }, "want whole percents"},
		"different weights": {func(_ *testing.T, w *world) { w.Change(w.rule, w.forward("api", 0, 100)) }, "do not agree"},
		"functions": {func(_ *testing.T, w *world) {
			w.Edit(w.groups["web-green"], types.TargetTypeEnumLambda, false, w.backends["web-green"].Listener.Addr().String())
		}, "its targets are of the type lambda"},
		"a group without targets": {func(_ *testing.T, w *world) {
			api := w.settings.Services["api"]
			api.Green = alb.ARN(w.Group("empty", "/"))
			w.settings.Services["api"] = api
			w.Change(w.rule, albtest.Forward(map[string]int32{string(api.Blue): 100, string(api.Green): 0}))
		}, "no target is registered"},
		"a live slot that is down": {down(func(p *traffic.Page) {
			p.Shift = &traffic.Note{Release: "shop-1", Candidate: release.Blue}
		}), "blue has all the traffic and no healthy target: api: 1 unhealthy; web: 1 healthy"},
		"an adopted slot that is down": {down(func(p *traffic.Page) {
			p.Good = &traffic.Good{Slot: release.Blue, Release: "adopted"}
		}), "blue has all the traffic and no healthy target: api: 1 unhealthy; web: 1 healthy"},
		"a rule that is gone": {func(_ *testing.T, w *world) {
			api := w.settings.Services["api"]
			api.Rules = []alb.ARN{alb.ARN(w.rule[:len(w.rule)-4] + "ffff")}
			w.settings.Services["api"] = api
		}, "RuleNotFound: One or more rules not found"},
		"no right to write":  {denied("ModifyRule"), "the IAM role may not do it: AccessDenied"},
		"no right to tag":    {denied("AddTags"), "the IAM role may not do it"},
		"no right to read":   {denied("DescribeRules"), "the IAM role may not do it"},
		"keys of nobody":     {fault("InvalidClientTokenId"), "AWS does not take the credentials"},
		"keys that expired":  {fault("ExpiredToken"), "the AWS credentials have expired"},
		"a ledger elsewhere": {func(_ *testing.T, w *world) { w.Tag(w.listener, "bluegreen:page", "1 a 1 x") }, "the ledger is in the tags of listener/app/front/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			c.spoil(t, w)
			err := w.open(t).Try(t.Context())
			says(t, name, err, c.want)
			if release.HintOf(err) == "" && name != "different weights" {
				t.Errorf("%v: no hint", err)
			}
		})
	}
}

// down is a live slot without a healthy target, of a page with what is noted.
func down(note func(*traffic.Page)) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		must(t, w.open(t).Update(t.Context(), func(p *traffic.Page) error {
			note(p)
			return nil
		}))
		w.sick["api-blue"].Store(true)
		for deadline := time.Now().Add(time.Minute); w.open(t).Try(t.Context()) == nil && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func becomes(actions ...types.Action) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) { w.Change(w.rule, actions...) }
}

func denied(action string) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) {
		w.Break(albtest.Fault{Action: action, Code: "AccessDenied", Times: -1})
	}
}

func fault(code string) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) { w.Break(albtest.Fault{Code: code, Times: -1}) }
}
