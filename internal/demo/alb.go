package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
)

// albSection is the load balancer as the configuration of an application behind
// an ALB has it.
const albSection = `router:
  alb:
    region: ${AWS_REGION}
    endpoint: ${ALB_ENDPOINT}
    header: X-MailBlast-Slot
    services:
      backend:
        rules: ["${ALB_RULE}"]
        blue: ${ALB_BACKEND_BLUE}
        green: ${ALB_BACKEND_GREEN}
        url: ${ALB_URL}/track/open/health-check
      frontend:
        listeners: ["${ALB_LISTENER}"]
        blue: ${ALB_FRONTEND_BLUE}
        green: ${ALB_FRONTEND_GREEN}
        url: ${ALB_URL}/
    assert-for: 5s
`

// nodes is how long each node of the load balancer takes to hear of a change.
var nodes = []time.Duration{200 * time.Millisecond, 700 * time.Millisecond, slowestNode}

const slowestNode = 1500 * time.Millisecond

// startALB runs the stand-in for AWS, with the application in two target groups
// a service: the backend on a rule, the frontend on the default action.
func startALB(_ context.Context, s *Stage, free []int) error {
	server, err := albtest.Start(albtest.Options{
		Nodes: nodes, Every: 500 * time.Millisecond,
		Read: albtest.Rate{Burst: 40, Refill: 10}, Write: albtest.Rate{Burst: 40, Refill: 10},
	})
	if err != nil {
		return err
	}
	s.stopFront = server.Close
	group := func(name, path string, port int) string {
		return server.Group(name, path, fmt.Sprintf("127.0.0.1:%d", port))
	}
	backendBlue, backendGreen := group("backend-blue", "/health/ready", free[2]), group("backend-green", "/health/ready", free[4])
	frontendBlue, frontendGreen := group("frontend-blue", "/", free[3]), group("frontend-green", "/", free[5])
	listener, url, problem := server.ListenerAt(fmt.Sprintf("127.0.0.1:%d", free[0]), false, albtest.Forward(map[string]int32{frontendBlue: 100, frontendGreen: 0}))
	if problem != nil {
		return problem
	}
	rule, problem := server.Rule(listener, 10, []string{"/api/*", "/track/*"}, albtest.Forward(map[string]int32{backendBlue: 100, backendGreen: 0}))
	s.Front = url
	for name, value := range map[string]string{
		"AWS_REGION": server.Region(), "AWS_ACCESS_KEY_ID": albtest.Key, "AWS_SECRET_ACCESS_KEY": albtest.Secret, "AWS_EC2_METADATA_DISABLED": "true",
		"ALB_ENDPOINT": server.Endpoint, "ALB_URL": url, "PUBLIC_URL": url, "ALB_RULE": rule, "ALB_LISTENER": listener,
		"ALB_BACKEND_BLUE": backendBlue, "ALB_BACKEND_GREEN": backendGreen, "ALB_FRONTEND_BLUE": frontendBlue, "ALB_FRONTEND_GREEN": frontendGreen,
	} {
		s.variables[name] = value
	}
	return problem
}
