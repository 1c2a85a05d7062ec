package alb_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// login is what comes before the forward of a protected page.
func login() []types.Action {
	return []types.Action{
		{Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1), AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
			Issuer: aws.String("https://id.example.com"), AuthorizationEndpoint: aws.String("https://id.example.com/a"), TokenEndpoint: aws.String("https://id.example.com/t"),
			UserInfoEndpoint: aws.String("https://id.example.com/u"), ClientId: aws.String("it's me"), ClientSecret: aws.String("hidden"),
			AuthenticationRequestExtraParams: map[string]string{"prompt": "login"}, SessionTimeout: aws.Int64(3600),
		}},
		{Type: types.ActionTypeEnumAuthenticateCognito, Order: aws.Int32(2), AuthenticateCognitoConfig: &types.AuthenticateCognitoActionConfig{
			UserPoolArn: aws.String("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p"), UserPoolClientId: aws.String("c"), UserPoolDomain: aws.String("d"),
		}},
	}
}

// protected is a world whose api is behind a login, in an order that was not
// the one of the list.
func protected(t *testing.T) *world {
	w := newWorld(t, albtest.Options{})
	forward := w.forward("api", 100, 0)
	forward.Order = aws.Int32(30)
	rule, err := w.Rule(w.listener, 5, []string{"/private/*"}, append([]types.Action{forward}, login()...)...)
	must(t, err)
	api := w.settings.Services["api"]
	api.Rules = []alb.ARN{alb.ARN(rule)}
	w.settings.Services["api"] = api
	w.rule = rule
	return w
}

func TestWhatComesBeforeTheForwardIsKept(t *testing.T) {
	t.Parallel()
	w := protected(t)
	before := mustJSON(t, w.Actions(w.rule)[:2])
	s := w.open(t)
	must(t, s.Try(t.Context()))
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	must(t, w.open(t).Restore(t.Context(), release.Green))
	must(t, s.Restore(t.Context(), release.Blue))
	after := w.Actions(w.rule)
	equal(t, "actions", len(after), 3)
	equal(t, "authentication", mustJSON(t, after[:2]), before)
	equal(t, "order", aws.ToInt32(after[2].Order), 30)
}

func TestAColdRollbackDropsNoAuthenticationToBeFast(t *testing.T) {
	t.Parallel()
	w := protected(t)
	must(t, w.open(t).Set(t.Context(), release.Green, 10, 1))
	w.Break(albtest.Fault{Action: "DescribeRules", Slow: 600 * time.Millisecond, Times: -1})
	must(t, w.open(t).Restore(t.Context(), release.Blue))
	w.Mend()
	equal(t, "actions", len(w.Actions(w.rule)), 3)
	w.splits(t, release.Split(release.Blue, 100))
}

func TestAColdRollbackDoesNotWaitForWhatItKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	must(t, w.open(t).Set(t.Context(), release.Green, 50, 1))
	gate := make(chan struct{})
	w.Break(albtest.Fault{Action: "DescribeRules", Gate: gate, Times: -1})
	w.Break(albtest.Fault{Action: "DescribeListeners", Gate: gate, Times: -1})
	must(t, w.open(t).Restore(t.Context(), release.Blue))
	close(gate)
	w.Mend()
	w.splits(t, release.Split(release.Blue, 100))
}

func TestAProcessThatKnowsTheRulesReadsNothingBeforeARollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	w.Break(albtest.Fault{Action: "Describe", Code: "ThrottlingException", Times: -1})
	w.Calls()
	must(t, s.Restore(t.Context(), release.Blue))
	w.Mend()
	calls := w.Calls()
	first := slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, "DescribeRules") })
	if first >= 0 && writes(calls[:first]) < 2 {
		t.Errorf("the calls were %v: want both writes before the rules are read", calls)
	}
	w.splits(t, release.Split(release.Blue, 100))
}

func TestAllRulesMoveOrNone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]albtest.Fault{
		"one is refused":          {Action: "ModifyListener", Code: "OperationNotPermitted", Times: 1},
		"one's answer never came": {Action: "ModifyListener", Lose: true, Code: "", Times: 1, Slow: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			s := w.open(t)
			must(t, s.Set(t.Context(), release.Green, 10, 1))
			w.Break(fault)
			err := s.Set(t.Context(), release.Green, 50, 1)
			if fault.Lose {
				must(t, err) // the SDK asks again, and the move may be repeated
				w.splits(t, release.Split(release.Green, 50))
				return
			}
			says(t, "the move", err, "OperationNotPermitted")
			w.splits(t, release.Split(release.Green, 10))
		})
	}
}

func TestRulesThatAreApartAreSaidAndBroughtTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	w.Change(w.rule, w.forward("api", 50, 50))
	_, err := s.Weights(t.Context())
	if !errors.Is(err, traffic.ErrApart) {
		t.Errorf("got %v, want %v", err, traffic.ErrApart)
	}
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	w.splits(t, release.Split(release.Green, 10))
	w.Change(w.rule, w.forward("api", 9, 1))
	w.splits(t, release.Split(release.Green, 10))
	w.Change(w.rule, w.forward("api", 0, 999))
	must(t, w.open(t).Restore(t.Context(), release.Blue))
	w.splits(t, release.Split(release.Blue, 100))
}

func TestARollbackOverwritesWhatSomebodyElseHasMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	other := w.Group("other", "/")
	sticky := w.forward("api", 0, 100)
	sticky.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
	for name, action := range map[string]types.Action{
		"a third group": albtest.Forward(map[string]int32{w.groups["api-green"]: 1, other: 1}),
		"no weight":     w.forward("api", 0, 0),
		"stickiness":    sticky,
	} {
		w.Change(w.rule, action)
		must(t, w.open(t).Restore(t.Context(), release.Blue))
		w.splits(t, release.Split(release.Blue, 100))
		if c := w.Actions(w.rule)[0].ForwardConfig.TargetGroupStickinessConfig; c == nil || aws.ToBool(c.Enabled) {
			t.Errorf("%s: the stickiness is %v", name, c)
		}
	}
	w.Change(w.rule, types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("503")}})
	says(t, "a page that somebody has put there", w.open(t).Restore(t.Context(), release.Green), "its last action is fixed-response")
	equal(t, "the other rule", *w.Actions(w.listener)[0].ForwardConfig.TargetGroups[1].Weight, 100)
}

func TestALateWriterIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	must(t, s.Restore(t.Context(), release.Blue))
	w.settings.AssertFor = 10 * time.Minute // longer than a test may last
	asserting, enough := context.WithCancel(t.Context())
	defer enough()
	said := make(chan string, 1)
	go func() {
		text, _ := w.open(t).Assert(asserting, release.Blue) // cut short
		said <- text
	}()
	w.Change(w.rule, w.forward("api", 0, 100))
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		if weights, err := s.Weights(t.Context()); err == nil && weights == release.Split(release.Blue, 100) {
			break
		}
	}
	w.splits(t, release.Split(release.Blue, 100))
	enough()
	text := <-said
	if !strings.Contains(text, "wrote them again") || strings.Contains(text, " 0 times") {
		t.Errorf("got %q, want a write", text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := w.open(t).Assert(ctx, release.Blue)
	says(t, "one that was cut short", err, "deadline")
}

func TestANewerShiftIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	w.settings.AssertFor = 10 * time.Minute // longer than a test may last
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	must(t, s.Restore(t.Context(), release.Blue))
	newer := w.open(t)
	must(t, newer.Set(t.Context(), release.Green, 0, 2)) // before the look begins
	wait := make(chan error, 1)
	text := ""
	go func() {
		var err error
		text, err = s.Assert(t.Context(), release.Blue)
		wait <- err
	}()
	must(t, newer.Set(t.Context(), release.Green, 10, 2))
	must(t, <-wait)
	if !strings.Contains(text, "left them to a newer shift") {
		t.Errorf("it says %q", text)
	}
	w.splits(t, release.Split(release.Green, 10))
	must(t, newer.Set(t.Context(), release.Green, 50, 2))
}

func TestTheBreakGlassCommandsSayEverything(t *testing.T) {
	t.Parallel()
	w := protected(t)
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	lines := strings.Split(s.BreakGlass(release.Blue), "\n")
	equal(t, "lines", len(lines), 2)
	for i, want := range []string{
		"aws elbv2 modify-rule --rule-arn " + w.rule + " --actions '[{",
		"aws elbv2 modify-listener --listener-arn " + w.listener + " --default-actions '[{",
	} {
		if !strings.HasPrefix(lines[i], want) || !strings.HasSuffix(lines[i], "}]' --region eu-west-1 --endpoint-url '"+w.Endpoint+"'") {
			t.Errorf("line %d is %s\nwant it to begin with %s", i+1, lines[i], want)
		}
	}
	text := strings.ReplaceAll(lines[0][strings.Index(lines[0], "'")+1:strings.Index(lines[0], "' --region")], `'\''`, "'")
	var actions []types.Action
	must(t, json.Unmarshal([]byte(text), &actions))
	equal(t, "secret", aws.ToBool(actions[0].AuthenticateOidcConfig.UseExistingClientSecret), true)
	equal(t, "client", aws.ToString(actions[0].AuthenticateOidcConfig.ClientId), "it's me")
	equal(t, "groups", len(actions[2].ForwardConfig.TargetGroups), 2)
	if strings.Contains(lines[0], "null") || strings.Contains(lines[0], "hidden") {
		t.Errorf("it says what it must not: %s", lines[0])
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}
