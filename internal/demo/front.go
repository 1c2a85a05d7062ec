package demo

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// front is a kind of load balancer that the releases can be shown behind.
type front struct {
	// section takes the place of the section router of the application's
	// configuration; empty where that is meant.
	section string

	// start runs it, with the ports of configure, and says in the Stage where it
	// answers and how it is stopped.
	start func(ctx context.Context, s *Stage, free []int) error

	// slow is how long it may take after the write until a change is everywhere.
	slow time.Duration
}

var fronts = map[string]front{
	"nginx": {start: startNginx},
	"alb":   {section: albSection, start: startALB, slow: slowestNode},
}

// Routers lists the kinds of load balancer that there are.
func Routers() []string { return slices.Sorted(maps.Keys(fronts)) }

func startNginx(ctx context.Context, s *Stage, free []int) (err error) {
	if s.Proxy, err = s.proxy(ctx, free[0]); err != nil {
		return err
	}
	s.Front, s.stopFront = s.Proxy.URL, s.Proxy.Stop
	return nil
}

// proxy starts nginx with the switch that the program itself installs.
func (s *Stage) proxy(ctx context.Context, port int) (*lab.Server, error) {
	env := []string{"BLUEGREEN_ENV=" + s.secrets["BLUEGREEN_ENV"]}
	for name, value := range s.variables {
		env = append(env, name+"="+value)
	}
	install := process.Command{Path: s.Program, Args: []string{"nginx", "install", "--report", s.path("switch")}, Dir: s.Repo.Dir, Env: env}
	if err := process.Run(ctx, install); err != nil {
		return nil, err
	}
	return lab.NewNginx(ctx, s.path("nginx"), nginxConf(s.variables["NGINX_CONFIG"]), port)
}

func nginxConf(config string) string {
	return lab.NginxRoom + `worker_processes 2;
http {
  access_log off;
  keepalive_timeout 75s;
  include ` + config + `;
  server {
    listen 127.0.0.1:{{.Port}};
    include ` + strings.TrimSuffix(config, ".conf") + `.server;
    location / { proxy_pass http://$bluegreen_frontend; }
    location /api/ { proxy_pass http://$bluegreen_backend; }
    location /track/ { proxy_pass http://$bluegreen_backend; }
  }
}
`
}
