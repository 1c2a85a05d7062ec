package alb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const (
	someRule     = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/web/0123456789abcdef/0123456789abcdef/0123456789abcdef"
	someListener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/0123456789abcdef/0123456789abcdef"
	someGroup    = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/0123456789abcdef"
	otherGroup   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/0123456789abcdef"
)

func settings() alb.Settings {
	return alb.Settings{
		Region: "eu-west-1", Header: "X-Slot",
		Services: map[string]alb.Service{"web": {Rules: []alb.ARN{someRule}, Blue: someGroup, Green: otherGroup, URL: "https://app.example.com/health"}},
	}
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	web := func(change func(*alb.Service)) func(*alb.Settings) {
		return func(s *alb.Settings) {
			service := s.Services["web"]
			change(&service)
			s.Services["web"] = service
		}
	}
	for name, c := range map[string]struct {
		spoil func(*alb.Settings)
		want  string
	}{
		"nothing at all":               {func(s *alb.Settings) { *s = alb.Settings{} }, "region, services, header or body missing"},
		"a service of nothing":         {web(func(s *alb.Service) { *s = alb.Service{} }), "services.web.rules or listeners, services.web.blue, services.web.green, services.web.url missing"},
		"a region that is none":        {func(s *alb.Settings) { s.Region = "Ireland" }, `region "Ireland": want one such as eu-west-1`},
		"another region":               {func(s *alb.Settings) { s.Region = "eu-west-2" }, "want one in the region eu-west-2"},
		"a listener among the rules":   {web(func(s *alb.Service) { s.Rules = []alb.ARN{someListener} }), "want the ARN of a listener-rule"},
		"a rule among the listeners":   {web(func(s *alb.Service) { s.Listeners = []alb.ARN{someRule} }), "want the ARN of a listener"},
		"one group for both slots":     {web(func(s *alb.Service) { s.Green = someGroup }), "is named by services.web, too"},
		"one rule for two services":    {func(s *alb.Settings) { s.Services["api"] = s.Services["web"] }, "is named by services.api, too"},
		"a header that is none":        {func(s *alb.Settings) { s.Header = "X Slot" }, `header "X Slot"`},
		"a body without a group":       {func(s *alb.Settings) { s.Body = "blue|green" }, "want one group"},
		"a body that is no expression": {func(s *alb.Settings) { s.Body = "(" }, "body: error parsing regexp"},
		"an endpoint in clear text":    {func(s *alb.Settings) { s.Endpoint = "http://vpce.example.com" }, "want https and a host"},
		"an endpoint with a password":  {func(s *alb.Settings) { s.Endpoint = "https://a:b@vpce.example.com" }, "want https and a host"},
		"a role that is none":          {func(s *alb.Settings) { s.Role = "admin" }, `role "admin"`},
		"a key without its secret":     {func(s *alb.Settings) { s.AccessKey = "AKID" }, "want the first two together"},
		"a session without a key":      {func(s *alb.Settings) { s.Session = "token" }, "want the first two together"},
		"a key and a role": {func(s *alb.Settings) {
			s.AccessKey, s.SecretKey, s.Role = "AKID", "s", "arn:aws:iam::123456789012:role/release"
		}, "access-key and role: want one of them"},
		"an end that is no time":   {func(s *alb.Settings) { s.Expires = "soon" }, `expires "soon"`},
		"a propagation of an hour": {func(s *alb.Settings) { s.Propagation = time.Hour }, "propagation 1h0m0s: want 0 to 5m0s"},
		"an assertion in the past": {func(s *alb.Settings) { s.AssertFor = -1 }, "assert-for -1ns"},
		"a URL without a scheme":   {web(func(s *alb.Service) { s.URL = "app.example.com" }), `url "app.example.com"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			c.spoil(&s)
			_, err := alb.New(s)
			says(t, name, err, c.want)
			equal(t, "exit", release.ExitStatus(err), 2)
			if release.HintOf(err) == "" {
				t.Errorf("%v: no hint", err)
			}
		})
	}
}

func TestSettingsThatAreMeantAreTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*alb.Settings){
		"as they are":          func(*alb.Settings) {},
		"a VPC endpoint":       func(s *alb.Settings) { s.Endpoint = "https://vpce-1.elasticloadbalancing.eu-west-1.vpce.amazonaws.com" },
		"a body":               func(s *alb.Settings) { s.Header, s.Body = "", `"slot": "(\w+)"` },
		"an end of the keys":   func(s *alb.Settings) { s.Expires = "2026-11-22T15:04:05Z" },
		"a region of the army": func(s *alb.Settings) { s.Region, s.Services = "us-gov-west-1", gov(s.Services) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			change(&s)
			must(t, s.Check())
			_, err := alb.New(s)
			must(t, err)
		})
	}
}

func gov(all map[string]alb.Service) map[string]alb.Service {
	move := func(a alb.ARN) alb.ARN {
		return alb.ARN(strings.Replace(string(a), "arn:aws:elasticloadbalancing:eu-west-1", "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1", 1))
	}
	web := all["web"]
	web.Rules, web.Blue, web.Green = []alb.ARN{move(someRule)}, move(web.Blue), move(web.Green)
	return map[string]alb.Service{"web": web}
}

func FuzzARN(f *testing.F) {
	for _, text := range []string{someRule, someListener, someGroup, "", "arn:aws:s3:::bucket", someGroup + "/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var arn alb.ARN
		if err := arn.UnmarshalText([]byte(text)); err == nil && string(arn) != text {
			t.Errorf("%q was read as %q", text, arn)
		}
	})
}

func FuzzTags(f *testing.F) {
	f.Add("bluegreen:token:7", "seen")
	f.Add("bluegreen:closed:7", "blue abc")
	f.Add("bluegreen:page", "1 ABCDEFGH 1 0123456789abcdef0123456789abcdef")
	f.Add("bluegreen:page:ABCDEFGH:00", "////")
	f.Fuzz(func(t *testing.T, key, value string) {
		_ = alb.ReadTags(map[string]string{key: value, "bluegreen:page": value, "bluegreen:page:ABCDEFGH:00": value}) // any error, and no panic
	})
}
