package alb

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/amazon"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is one Application Load Balancer, or several that move together.
type Settings struct {
	Region      string             `yaml:"region" help:"The AWS region, such as eu-west-1."`
	Services    map[string]Service `yaml:"services" help:"The services behind the load balancer, by name: where each is forwarded to."`
	Header      string             `yaml:"header" help:"Response header of the application that says blue or green, so that the split can be counted. Every answer carries it, those of errors as well." default:"X-Bluegreen-Slot"`
	Body        string             `yaml:"body" help:"In place of the header: a regular expression with one group that finds blue or green in the first 4096 bytes of the answer."`
	Propagation time.Duration      `yaml:"propagation" help:"How long a change may take to reach all nodes of the load balancer, before what is counted is called wrong." default:"30s"`
	AssertFor   time.Duration      `yaml:"assert-for" help:"How long after a rollback the weights are looked at, and written again where a late writer has changed them." default:"60s"`
	Role        string             `yaml:"role" help:"ARN of an IAM role to take with GitHub's OIDC token, which the job needs the permission id-token: write for. It is renewed for as long as the job runs. Without it: the default chain of the AWS SDK."`
	Expires     string             `yaml:"expires" help:"When credentials from the environment end, such as ${AWS_CREDENTIAL_EXPIRATION:-}; they do not say so themselves."`
	AccessKey   string             `yaml:"access-key" help:"An AWS access key, such as ${AWS_ACCESS_KEY_ID}, where it is in BLUEGREEN_ENV; keys in the environment of the job are found without it."`
	SecretKey   release.Secret     `yaml:"secret-key" help:"Its secret."`
	Session     release.Secret     `yaml:"session-token" help:"Its session token, for a temporary key."`
	Endpoint    string             `yaml:"endpoint" help:"Another address of the Elastic Load Balancing API, such as that of a VPC endpoint: https, or http on a loopback address."`
}

// Service is one part of the application, and how its requests get to a slot.
type Service struct {
	Rules     []ARN  `yaml:"rules" help:"ARNs of the listener rules that forward to the two groups."`
	Listeners []ARN  `yaml:"listeners" help:"ARNs of the listeners whose default action forwards to the two groups."`
	Blue      ARN    `yaml:"blue" help:"ARN of the target group of the blue slot."`
	Green     ARN    `yaml:"green" help:"ARN of the target group of the green slot."`
	URL       string `yaml:"url" help:"A page of this service behind the load balancer that everybody may read, such as https://app.example.com/health. It is asked to count the split."`
	Host      string `yaml:"host" help:"Host name to send with these requests, where it is not that of the URL."`
}

// Used says whether the section describes anything.
func (s Settings) Used() bool { return len(s.Services) > 0 || s.Region != "" }

func (s Service) group(slot release.Slot) ARN {
	if slot == release.Blue {
		return s.Blue
	}
	return s.Green
}

func (s Service) routes() []ARN { return append(slices.Clone(s.Rules), s.Listeners...) }

var (
	regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	headerForm = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
)

// Check refuses values that cannot be meant. Empty ones are refused where they
// are needed.
func (s Settings) Check() error {
	problems := []error{s.checkProbe(), s.checkTimes(), amazon.CheckEndpoint(s.Endpoint), s.access().Check(), s.checkShared()}
	if s.Region != "" && !regionForm.MatchString(s.Region) {
		problems = append(problems, fmt.Errorf("region %q: want one such as eu-west-1", s.Region))
	}
	if _, err := s.expires(); err != nil {
		problems = append(problems, err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		if err := s.Services[name].check(s.Region); err != nil {
			problems = append(problems, fmt.Errorf("services.%s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func (s Settings) checkProbe() error {
	if s.Header != "" && !headerForm.MatchString(s.Header) {
		return fmt.Errorf("header %q: want the name of a response header", s.Header)
	}
	if s.Body == "" {
		return nil
	}
	form, err := regexp.Compile(s.Body)
	switch {
	case err != nil:
		return fmt.Errorf("body: %w", err)
	case form.NumSubexp() != 1:
		return fmt.Errorf("body %q: want one group, around what says blue or green", s.Body)
	}
	return nil
}

// maxPropagation bounds what a shift waits for at each step.
const maxPropagation = 5 * time.Minute

func (s Settings) checkTimes() error {
	var problems []error
	if s.Propagation < 0 || s.Propagation > maxPropagation {
		problems = append(problems, fmt.Errorf("propagation %v: want 0 to %v", s.Propagation, maxPropagation))
	}
	if s.AssertFor < 0 || s.AssertFor > 10*time.Minute {
		problems = append(problems, fmt.Errorf("assert-for %v: want 0 to 10m", s.AssertFor))
	}
	return errors.Join(problems...)
}

// checkShared refuses a rule or a group that is named twice.
func (s Settings) checkShared() error {
	var problems []error
	seen := map[ARN]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		for _, arn := range append(s.Services[name].routes(), s.Services[name].Blue, s.Services[name].Green) {
			switch other, twice := seen[arn]; {
			case arn == "":
			case twice:
				problems = append(problems, fmt.Errorf("services.%s: %s is named by services.%s, too", name, arn, other))
			}
			seen[arn] = name
		}
	}
	return errors.Join(problems...)
}

func (s Settings) expires() (time.Time, error) {
	if s.Expires == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s.Expires)
	if err != nil {
		return time.Time{}, fmt.Errorf("expires %q: want a time such as 2026-11-22T15:04:05Z", s.Expires)
	}
	return at, nil
}

func (s Service) check(region string) error {
	var problems []error
	wants := func(key string, want kind, arns ...ARN) {
		for _, arn := range arns {
			switch {
			case arn == "":
			case arn.kind() != want:
				problems = append(problems, fmt.Errorf("%s %q: want the ARN of a %s", key, arn, want))
			case region != "" && arn.region() != region:
				problems = append(problems, fmt.Errorf("%s %q: want one in the region %s", key, arn, region))
			}
		}
	}
	wants("rules", ruleKind, s.Rules...)
	wants("listeners", listenerKind, s.Listeners...)
	wants("blue", groupKind, s.Blue)
	wants("green", groupKind, s.Green)
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil) {
		problems = append(problems, fmt.Errorf("url %q: want one such as https://app.example.com/health", s.URL))
	}
	return errors.Join(problems...)
}

// complete refuses settings that lack what a shift needs.
func (s Settings) complete() error {
	if missing := s.missing(); len(missing) > 0 {
		return release.Reject("add the keys to router.alb", "alb: %s missing", strings.Join(missing, ", "))
	}
	if err := s.Check(); err != nil {
		return release.Reject("correct the settings of router.alb", "alb: %w", err)
	}
	return nil
}

func (s Settings) missing() []string {
	var missing []string
	want := func(key string, there bool) {
		if !there {
			missing = append(missing, key)
		}
	}
	want("region", s.Region != "")
	want("services", len(s.Services) > 0)
	want("header or body", s.Header != "" || s.Body != "")
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service := s.Services[name]
		want("services."+name+".rules or listeners", len(service.routes()) > 0)
		want("services."+name+".blue", service.Blue != "")
		want("services."+name+".green", service.Green != "")
		want("services."+name+".url", service.URL != "")
	}
	return missing
}
