package albtest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// group is a target group.
type group struct {
	arn, name, path string
	kind            types.TargetTypeEnum
	sticky          bool
	targets         []*target
	turn            int
}

// target is one address of a group, and how it has answered.
type target struct {
	address  string
	checked  bool
	healthy  bool
	streak   int // of checks that say the opposite
	draining bool
}

// threshold is how many checks in a row change the health of a target.
const threshold = 2

func (g *group) target(address string) *target {
	for _, t := range g.targets {
		if t.address == address {
			return t
		}
	}
	g.targets = append(g.targets, &target{address: address})
	return g.targets[len(g.targets)-1]
}

func (t *target) state(used bool) (types.TargetHealthStateEnum, types.TargetHealthReasonEnum) {
	switch {
	case t.draining:
		return types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress
	case !used:
		return types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse
	case !t.checked:
		return types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumInitialHealthChecking
	case !t.healthy:
		return types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumFailedHealthChecks
	}
	return types.TargetHealthStateEnumHealthy, ""
}

// saw is the result of one check. The first decides.
func (t *target) saw(ok bool) {
	switch {
	case !t.checked:
		t.checked, t.healthy = true, ok
	case t.healthy == ok:
		t.streak = 0
	default:
		if t.streak++; t.streak >= threshold {
			t.healthy, t.streak = ok, 0
		}
	}
}

// attached says whether a rule lists the group: AWS checks no other's health.
func (s *Server) attached(group string) bool {
	for _, r := range s.rules {
		for _, a := range r.actions() {
			if a.ForwardConfig == nil {
				continue
			}
			for _, g := range a.ForwardConfig.TargetGroups {
				if aws.ToString(g.TargetGroupArn) == group {
					return true
				}
			}
		}
	}
	return false
}

// check asks all targets of all groups that are attached, again and again.
func (s *Server) check(ctx context.Context) {
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for tick := time.NewTicker(s.options.Every); ; {
		type ask struct {
			target *target
			url    string
		}
		var asks []ask
		s.mu.Lock()
		for arn, g := range s.groups {
			for _, t := range g.targets {
				if s.attached(arn) && !t.draining {
					asks = append(asks, ask{t, "http://" + t.address + g.path})
				}
			}
		}
		s.mu.Unlock()
		for _, a := range asks {
			ok := answers(ctx, client, a.url)
			s.mu.Lock()
			a.target.saw(ok)
			s.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

func answers(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func describeTargetHealth(s *Server, in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, *failure) {
	g := s.groups[aws.ToString(in.TargetGroupArn)]
	if g == nil {
		return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
	}
	out := new(elb.DescribeTargetHealthOutput)
	for _, t := range g.targets {
		host, text, err := net.SplitHostPort(t.address)
		if err != nil {
			return nil, refuse("InvalidTarget", "%s", t.address)
		}
		port, _ := strconv.ParseInt(text, 10, 32)
		state, reason := t.state(s.attached(g.arn))
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, types.TargetHealthDescription{
			Target:       &types.TargetDescription{Id: aws.String(host), Port: aws.Int32(int32(port))},
			TargetHealth: &types.TargetHealth{State: state, Reason: reason},
		})
	}
	return out, nil
}
