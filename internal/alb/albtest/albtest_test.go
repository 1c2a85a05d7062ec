package albtest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
)

// stage is a server with one listener, one rule and two groups.
type stage struct {
	*albtest.Server
	listener, rule, url string
	blue, green         string
}

func newStage(t *testing.T, o albtest.Options) *stage {
	t.Helper()
	o.Every = 10 * time.Millisecond
	server, err := albtest.Start(o)
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	s := &stage{Server: server}
	s.blue, s.green = server.Group("blue", "/", backend(t, "blue")), server.Group("green", "/", backend(t, "green"))
	s.listener, s.url, err = server.Listener(true, albtest.Forward(map[string]int32{s.blue: 1, s.green: 0}))
	must(t, err)
	s.rule, err = server.Rule(s.listener, 10, []string{"/api/*"}, albtest.Forward(map[string]int32{s.blue: 1, s.green: 1}))
	must(t, err)
	return s
}

func backend(t *testing.T, name string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func (s *stage) client(key, secret string) *elb.Client {
	return elb.New(elb.Options{
		Region: s.Region(), BaseEndpoint: aws.String(s.Endpoint), Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
		Retryer: aws.NopRetryer{},
	})
}

// action is a forward to blue, changed.
func (s *stage) action(change func(*types.Action)) types.Action {
	a := albtest.Forward(map[string]int32{s.blue: 1})
	change(&a)
	return a
}

func TestWhatAWSRefusesIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, albtest.Options{})
	modify := func(actions ...types.Action) func(*elb.Client) error {
		return func(c *elb.Client) error {
			_, err := c.ModifyRule(context.Background(), &elb.ModifyRuleInput{RuleArn: &s.rule, Actions: actions})
			return err
		}
	}
	weight := func(w int32) types.Action { return albtest.Forward(map[string]int32{s.blue: w}) }
	many := map[string]int32{}
	for i := range 6 {
		many[s.Group(fmt.Sprintf("g%d", i), "/")] = 1
	}
	ordered := func(a types.Action, order int32) types.Action {
		a.Order = aws.Int32(order)
		return a
	}
	rules, err := s.client(albtest.Key, albtest.Secret).DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: &s.listener})
	must(t, err)
	byDefault := rules.Rules[len(rules.Rules)-1].RuleArn
	for name, c := range map[string]struct {
		call func(*elb.Client) error
		code string
	}{
		"a weight of 1000":           {modify(weight(1000)), "ValidationError"},
		"a weight below 0":           {modify(weight(-1)), "ValidationError"},
		"six groups":                 {modify(albtest.Forward(many)), "ValidationError"},
		"a group that is not there":  {modify(albtest.Forward(map[string]int32{s.blue[:len(s.blue)-4] + "ffff": 1})), "TargetGroupNotFound"},
		"no group":                   {modify(types.Action{Type: types.ActionTypeEnumForward}), "ValidationError"},
		"two groups that contradict": {modify(s.action(func(a *types.Action) { a.TargetGroupArn = &s.green })), "ValidationError"},
		"a group twice": {modify(s.action(func(a *types.Action) {
			a.ForwardConfig.TargetGroups = append(a.ForwardConfig.TargetGroups, a.ForwardConfig.TargetGroups[0])
		})), "ValidationError"},
		"no action":                    {modify(), "ValidationError"},
		"two actions without an order": {modify(weight(1), weight(1)), "ValidationError"},
		"two forwards":                 {modify(ordered(weight(1), 1), ordered(weight(1), 2)), "InvalidLoadBalancerAction"},
		"an order that is used twice":  {modify(ordered(weight(1), 1), ordered(weight(1), 1)), "ValidationError"},
		"stickiness without a duration": {modify(s.action(func(a *types.Action) {
			a.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true)}
		})), "ValidationError"},
		"a login without its secret": {modify(ordered(types.Action{Type: types.ActionTypeEnumAuthenticateOidc, AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
			Issuer: aws.String("i"), AuthorizationEndpoint: aws.String("a"), TokenEndpoint: aws.String("t"), UserInfoEndpoint: aws.String("u"), ClientId: aws.String("c"),
		}}, 1), ordered(weight(1), 2)), "ValidationError"},
		"a type that does not exist": {modify(types.Action{Type: "teleport"}), "ValidationError"},
		"a rule that is not there": {func(c *elb.Client) error {
			_, err := c.ModifyRule(context.Background(), &elb.ModifyRuleInput{RuleArn: aws.String(s.rule + "0"), Actions: []types.Action{weight(1)}})
			return err
		}, "RuleNotFound"},
		"the default as a rule": {func(c *elb.Client) error {
			_, err := c.ModifyRule(context.Background(), &elb.ModifyRuleInput{RuleArn: byDefault, Actions: []types.Action{weight(1)}})
			return err
		}, "OperationNotPermitted"},
		"a tag with strange letters": {tag(s.rule, "k", "{json}"), "ValidationError"},
		"a tag that is too long":     {tag(s.rule, "k", strings.Repeat("x", 257)), "ValidationError"},
		"a tag of AWS's own":         {tag(s.rule, "aws:x", "y"), "ValidationError"},
		"a tag of nothing":           {tag(s.rule+"0", "k", "v"), "RuleNotFound"},
		"an unknown action": {func(c *elb.Client) error {
			_, err := c.DescribeAccountLimits(context.Background(), nil)
			return err
		}, "InvalidAction"},
	} {
		err := c.call(s.client(albtest.Key, albtest.Secret))
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	equal(t, "surprises", strings.Join(s.Surprises(), " "), "DescribeAccountLimits")
	must(t, tag(s.rule, "k", "a Z9+-=._:/@ü")(s.client(albtest.Key, albtest.Secret)))
}

func tag(arn, key, value string) func(*elb.Client) error {
	return func(c *elb.Client) error {
		_, err := c.AddTags(context.Background(), &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: []types.Tag{{Key: &key, Value: &value}}})
		return err
	}
}

func TestSignaturesAreLookedAt(t *testing.T) {
	t.Parallel()
	s := newStage(t, albtest.Options{})
	form := url.Values{"Action": {"DescribeTags"}, "Version": {"2015-12-01"}, "ResourceArns.member.1": {s.rule}}
	unknown := url.Values{"Action": {"DescribeTags"}, "Version": {"2015-12-01"}, "ResourceArns.member.1": {s.rule}, "Colour": {"blue"}}
	for name, c := range map[string]struct {
		form        url.Values
		key, secret string
		region      string
		at          time.Time
		spoil       func(*http.Request)
		want        string
	}{
		"a good one":             {form, albtest.Key, albtest.Secret, s.Region(), time.Now(), nil, "DescribeTagsResult"},
		"an unknown key":         {form, "AKIDOFSOMEBODYELSE", albtest.Secret, s.Region(), time.Now(), nil, "InvalidClientTokenId"},
		"another secret":         {form, albtest.Key, "guessed", s.Region(), time.Now(), nil, "SignatureDoesNotMatch"},
		"another region":         {form, albtest.Key, albtest.Secret, "us-east-1", time.Now(), nil, "SignatureDoesNotMatch"},
		"one of ten minutes ago": {form, albtest.Key, albtest.Secret, s.Region(), time.Now().Add(-10 * time.Minute), nil, "RequestExpired"},
		"none":                   {form, albtest.Key, albtest.Secret, s.Region(), time.Now(), func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationToken"},
		"of another body": {form, albtest.Key, albtest.Secret, s.Region(), time.Now(), func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(form.Encode() + "&x"))
			r.ContentLength += 2
		}, "SignatureDoesNotMatch"},
		"an unknown parameter":    {unknown, albtest.Key, albtest.Secret, s.Region(), time.Now(), nil, "unknown parameter Colour"},
		"a version of yesteryear": {url.Values{"Action": {"DescribeTags"}, "Version": {"2012-06-01"}}, albtest.Key, albtest.Secret, s.Region(), time.Now(), nil, "InvalidAction"},
	} {
		body := c.form.Encode()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint+"/", strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		must(t, v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: c.key, SecretAccessKey: c.secret}, req, hash(body), "elasticloadbalancing", c.region, c.at))
		if c.spoil != nil {
			c.spoil(req)
		}
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		text, _ := io.ReadAll(res.Body)
		must(t, res.Body.Close())
		if !strings.Contains(string(text), c.want) {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}

func TestCallsAboveTheRateAreThrottled(t *testing.T) {
	t.Parallel()
	s := newStage(t, albtest.Options{Read: albtest.Rate{Burst: 5, Refill: 0.001}})
	c := s.client(albtest.Key, albtest.Secret)
	for i := range 7 {
		_, err := c.DescribeRules(t.Context(), &elb.DescribeRulesInput{RuleArns: []string{s.rule}})
		if api, ok := errors.AsType[smithy.APIError](err); (i >= 5) != (ok && api.ErrorCode() == "ThrottlingException") {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	must(t, tag(s.rule, "k", "v")(c)) // has a bucket of its own
}

func TestRequestsGoWhereTheRulesSay(t *testing.T) {
	t.Parallel()
	s := newStage(t, albtest.Options{})
	count := func(path string, jar bool) map[string]int {
		seen := map[string]int{}
		client := &http.Client{}
		var cookies []*http.Cookie
		for range 60 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			must(t, err)
			for _, c := range cookies {
				req.AddCookie(c)
			}
			res, err := client.Do(req)
			must(t, err)
			text, _ := io.ReadAll(res.Body)
			must(t, res.Body.Close())
			if jar && len(res.Cookies()) > 0 {
				cookies = res.Cookies()
			}
			seen[fmt.Sprint(res.StatusCode, " ", string(text))]++
		}
		return seen
	}
	equal(t, "the default", count("/", false)["200 blue"], 60)
	if split := count("/api/x", false); split["200 blue"] == 0 || split["200 green"] == 0 { // in one of 2^59 runs
		t.Errorf("half and half: %v", split)
	}
	sticky := albtest.Forward(map[string]int32{s.blue: 1, s.green: 1})
	sticky.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
	s.Change(s.rule, sticky)
	equal(t, "groups of a client that is kept", len(count("/api/x", true)), 1)
	s.Change(s.rule, albtest.Forward(map[string]int32{s.blue: 0, s.green: 0}))
	equal(t, "without any weight", count("/api/x", false)["503 "], 60)
	s.Change(s.rule, albtest.Forward(map[string]int32{s.Group("empty", "/"): 1}))
	equal(t, "without a target", count("/api/x", false)["503 "], 60)
	s.Change(s.rule, albtest.Forward(map[string]int32{s.Group("dead", "/", "127.0.0.1:1"): 1}))
	equal(t, "with a dead one", count("/api/x", false)["502 "], 60)
}

func TestEachNodeHearsOfAChangeLater(t *testing.T) {
	t.Parallel()
	s := newStage(t, albtest.Options{Nodes: []time.Duration{0, time.Hour}})
	s.Change(s.listener, albtest.Forward(map[string]int32{s.green: 1}))
	seen := map[string]int{}
	for range 10 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
		must(t, err)
		req.Close = true
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		text, _ := io.ReadAll(res.Body)
		must(t, res.Body.Close())
		seen[string(text)]++
	}
	equal(t, "at the node that knows", seen["green"], 5)
	equal(t, "at the other", seen["blue"], 5)
}

func hash(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
