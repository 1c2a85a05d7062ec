package albtest

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Forward is an action that splits the traffic by weights.
func Forward(weights map[string]int32) types.Action {
	config := &types.ForwardActionConfig{}
	for arn, weight := range weights {
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
	}
	return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: config}
}

// Listener opens a port of the load balancer, and returns its ARN and the URL
// that it answers at. A secure one is HTTPS to the API only: its requests come
// in clear text.
func (s *Server) Listener(secure bool, actions ...types.Action) (arn, url string, err error) {
	return s.ListenerAt("127.0.0.1:0", secure, actions...)
}

// ListenerAt is Listener at an address of one's own.
func (s *Server) ListenerAt(address string, secure bool, actions ...types.Action) (arn, url string, err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.next()
	r := &rule{arn: s.arn("listener/app/front/%s/%016x", s.id(), id), secure: secure}
	r.defaultRule = s.arn("listener-rule/app/front/%s/%016x/%016x", s.id(), id, s.next())
	actions, problem := s.created(actions, r)
	if problem != nil {
		return "", "", fmt.Errorf("%s: %s", problem.code, problem.message)
	}
	r.history = []change{{time.Time{}, actions}}
	s.rules[r.arn] = r
	var connections atomic.Int64
	door := &http.Server{
		Handler: s.front(r.arn), ReadHeaderTimeout: 10 * time.Second,
		ConnContext: dealt(&connections, len(s.options.Nodes)),
	}
	s.doors = append(s.doors, door)
	s.all.Go(func() { _ = door.Serve(listener) })
	return r.arn, "http://" + listener.Addr().String(), nil
}

// Rule adds a rule for paths to a listener, and returns its ARN.
func (s *Server) Rule(listener string, priority int, paths []string, actions ...types.Action) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	on := s.rules[listener]
	if on == nil {
		return "", fmt.Errorf("ListenerNotFound: %s", listener)
	}
	r := &rule{listener: listener, priority: priority, paths: paths, secure: on.secure}
	r.arn = s.arn("listener-rule/%s/%016x", listener[len(s.arn("listener/")):], s.next())
	actions, problem := s.created(actions, r)
	if problem != nil {
		return "", fmt.Errorf("%s: %s", problem.code, problem.message)
	}
	r.history = []change{{time.Time{}, actions}}
	s.rules[r.arn] = r
	return r.arn, nil
}

// created checks the first actions, whose secrets are new.
func (s *Server) created(actions []types.Action, r *rule) ([]types.Action, *failure) {
	r.history = []change{{}}
	return s.checked(actions, r)
}

// id is the load balancer's.
func (s *Server) id() string { return s.balancer[len(s.balancer)-16:] }

// Group adds a target group whose targets are addresses, and returns its ARN.
// Their health is the status 200 of a path.
func (s *Server) Group(name, path string, targets ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &group{name: name, path: path, kind: types.TargetTypeEnumIp, arn: s.arn("targetgroup/%s/%016x", name, s.next())}
	for _, address := range targets {
		g.targets = append(g.targets, &target{address: address})
	}
	s.groups[g.arn] = g
	return g.arn
}

// Edit changes what a group is: its kind, its stickiness, its targets, of which
// those that are not listed are draining.
func (s *Server) Edit(arn string, kind types.TargetTypeEnum, sticky bool, targets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[arn]
	g.kind, g.sticky = kind, sticky
	for _, t := range g.targets {
		t.draining = true
	}
	for _, address := range targets {
		g.target(address).draining = false
	}
}

// Alias gives a rule a second ARN, as of the same rule at a load balancer that
// its groups are not attached to.
func (s *Server) Alias(arn, of string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := *s.rules[of]
	r.arn = arn
	s.rules[arn] = &r
}
