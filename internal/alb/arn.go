package alb

import (
	"fmt"
	"regexp"
	"strings"
)

// ARN names a listener rule, a listener or a target group of an Application
// Load Balancer.
type ARN string

// kind is what an ARN names.
type kind string

const (
	ruleKind     kind = "listener-rule"
	listenerKind kind = "listener"
	groupKind    kind = "targetgroup"
)

var arnForm = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):(?:` +
	`(listener-rule)/app/[A-Za-z0-9-]{1,32}/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+|` +
	`(listener)/app/[A-Za-z0-9-]{1,32}/[0-9a-f]+/[0-9a-f]+|` +
	`(targetgroup)/[A-Za-z0-9-]{1,32}/[0-9a-f]+)$`)

// UnmarshalText refuses what names none of the three.
func (a *ARN) UnmarshalText(text []byte) error {
	if !arnForm.Match(text) {
		return fmt.Errorf("ARN %q: want that of a listener rule, a listener or a target group of an Application Load Balancer, such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/0123456789abcdef", text)
	}
	*a = ARN(text)
	return nil
}

// kind is "" for text that is no ARN.
func (a ARN) kind() kind {
	m := arnForm.FindStringSubmatch(string(a))
	if m == nil {
		return ""
	}
	return kind(m[3] + m[4] + m[5])
}

func (a ARN) region() string { return a.part(3) }

func (a ARN) part(i int) string {
	parts := strings.SplitN(string(a), ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[i]
}

// balancer is the ARN of the load balancer of a rule or listener.
func (a ARN) balancer() string {
	head, path, _ := strings.Cut(string(a), ":"+string(a.kind())+"/")
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return ""
	}
	return head + ":loadbalancer/" + strings.Join(parts[:3], "/")
}

// name is the part that people know, such as listener-rule/app/web/…/8a1b.
func (a ARN) name() string { return a.part(5) }
