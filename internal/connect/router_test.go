package connect_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// front is an ALB with all its traffic at green.
func front(t *testing.T) config.Router {
	t.Helper()
	server, err := albtest.Start(albtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	blue, green := server.Group("blue", "/"), server.Group("green", "/")
	listener, url, err := server.Listener(false, albtest.Forward(map[string]int32{blue: 0, green: 100}))
	if err != nil {
		t.Fatal(err)
	}
	return config.Router{ALB: alb.Settings{
		Region: server.Region(), Endpoint: server.Endpoint, Header: "X-Bluegreen-Slot", AccessKey: albtest.Key, SecretKey: albtest.Secret,
		Services: map[string]alb.Service{"web": {Listeners: []alb.ARN{alb.ARN(listener)}, Blue: alb.ARN(blue), Green: alb.ARN(green), URL: url}},
	}}
}

func TestARollbackReachesTheLoadBalancersThatCanBeOpened(t *testing.T) {
	t.Parallel()
	broken := config.Router{Nginx: nginx.Settings{State: "/var/lib/bluegreen"}}
	job := &action.Job{Config: config.File{Router: broken, Routers: map[string]config.Router{"edge": front(t)}}}
	if _, err := connect.Balancer(job); err == nil || !strings.Contains(err.Error(), "router: nginx: ") {
		t.Errorf("the way forward: %v, want what is wrong with nginx", err)
	}
	all, err := connect.Rescue(job)
	if err != nil || len(all) != 2 || all[0].Name != "nginx" || all[1].Name != "edge" {
		t.Fatalf("%v, %v: want nginx and edge", all, err)
	}
	both := traffic.Join(all...)
	err = both.Router.Restore(t.Context(), release.Blue)
	missed, ok := errors.AsType[*traffic.Missed](err)
	if !ok || missed.Name != "nginx" || !strings.Contains(err.Error(), "config, services") {
		t.Errorf("%v, want what nginx lacks", err)
	}
	weights, err := all[1].Router.Weights(t.Context())
	if err != nil || weights != release.Split(release.Blue, 100) {
		t.Errorf("edge has %v, %v: want all at blue", weights, err)
	}
	if _, err := both.Leases.Peek(t.Context()); err == nil {
		t.Error("another store was asked for the lease, which nginx may keep")
	}
}

func TestARollbackWithoutAnyLoadBalancerIsRefused(t *testing.T) {
	t.Parallel()
	job := &action.Job{Config: config.File{Router: config.Router{Nginx: nginx.Settings{State: "/var/lib/bluegreen"}}}}
	if all, err := connect.Rescue(job); err == nil || release.ExitStatus(err) != 2 {
		t.Errorf("%v, %v: want a refusal of the input", all, err)
	}
}

// behind is one HAProxy with its state in a folder.
func behind(folder string) config.Router {
	return config.Router{HAProxy: haproxy.Settings{
		State: "/var/lib/" + folder, Socket: "/run/" + folder, URL: "http://127.0.0.1:1", Config: "/etc/haproxy/" + folder + ".cfg", Split: haproxy.ByCookie,
		Services: map[string]haproxy.Service{"web": {Blue: []haproxy.Address{"127.0.0.1:81"}, Green: []haproxy.Address{"127.0.0.1:82"}}},
	}}
}

func TestLoadBalancersAreToldApartByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		router  config.Router
		routers map[string]config.Router
		refused bool
	}{
		"several, by name":                          {config.Router{}, map[string]config.Router{"haproxy": behind("a"), "b": behind("b")}, false},
		"one and another":                           {behind("a"), map[string]config.Router{"b": behind("b")}, false},
		"one and another of the name of its kind":   {behind("a"), map[string]config.Router{"haproxy": behind("b")}, true},
		"one and another of the name of other ones": {behind("a"), map[string]config.Router{"nginx": behind("b")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := connect.Balancers(&action.Job{Config: config.File{Router: c.router, Routers: c.routers}})
			if refused := release.ExitStatus(err) == int(release.Invalid); refused != c.refused {
				t.Fatalf("%v", err)
			}
			if c.refused && !strings.Contains(err.Error(), "routers.haproxy: the load balancer of router goes by this name") {
				t.Errorf("%v", err)
			}
			if names := map[string]bool{}; !c.refused {
				for _, b := range all {
					names[b.Name] = true
				}
				if len(names) != 2 {
					t.Errorf("names %v", names)
				}
			}
		})
	}
}

// remote is an nginx with everything at its usual place, on a host.
func remote(url, jump string) config.Router {
	return config.Router{Nginx: nginx.Settings{
		State: "/var/lib/a", URL: "http://127.0.0.1:1", Config: "/etc/nginx/bluegreen.conf", Split: nginx.ByCookie, SSH: ssh.Settings{URL: url, Jump: jump},
		Services: map[string]nginx.Service{"web": {Blue: []nginx.Address{"127.0.0.1:81"}, Green: []nginx.Address{"127.0.0.1:82"}}},
	}}
}

// reloaded is an nginx that includes a file.
func reloaded(state, include string) config.Router {
	return config.Router{NginxReload: reload.Settings{
		State: state, Include: include, Listen: "127.0.0.1:18099", Config: "/etc/nginx/nginx.conf", Pid: "/run/nginx.pid", Timeout: time.Second,
		Services: map[string]reload.Service{"web": {Blue: []nginx.Address{"127.0.0.1:81"}, Green: []nginx.Address{"127.0.0.1:82"}, Path: "/"}},
	}}
}

func TestLoadBalancersThatWriteToTheSameAreRefused(t *testing.T) {
	t.Parallel()
	state, file := behind("b"), behind("b")
	state.HAProxy.State, file.HAProxy.Config = "/var/lib/a", "/etc/haproxy/a.cfg"
	for name, c := range map[string]struct {
		one, two config.Router
		want     string // empty where they are apart
	}{
		"one folder of states":              {behind("a"), state, "routers.two.haproxy.state: /var/lib/a is also that of router.haproxy.state"},
		"one configuration":                 {behind("a"), file, "routers.two.haproxy.config: /etc/haproxy/a.cfg is also that of router.haproxy.config"},
		"one folder of two kinds":           {behind("a"), remote("", ""), "routers.two.nginx.state: /var/lib/a is also that of router.haproxy.state"},
		"one include":                       {reloaded("/var/lib/a", "/etc/nginx/up.conf"), reloaded("/var/lib/b", "/etc/nginx/up.conf"), "routers.two.nginx-reload.include: /etc/nginx/up.conf is also that of router.nginx-reload.include"},
		"two users of one host":             {remote("ssh://a@web-1", ""), remote("ssh://b@web-1:22", ""), "routers.two.nginx.state: /var/lib/a is also that of router.nginx.state"},
		"nothing but nginx's own":           {reloaded("/var/lib/a", "/etc/nginx/a.conf"), reloaded("/var/lib/b", "/etc/nginx/b.conf"), ""},
		"the same place on two hosts":       {remote("ssh://a@web-1", ""), remote("ssh://a@web-2", ""), ""},
		"the same place here and there":     {remote("", ""), remote("ssh://a@web-1", ""), ""},
		"the same name behind two bastions": {remote("ssh://a@web-1", "ssh://a@x"), remote("ssh://a@web-1", "ssh://a@y"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := &action.Job{Config: config.File{Router: c.one, Routers: map[string]config.Router{"two": c.two}}}
			_, err := connect.Balancers(job)
			if c.want == "" && err != nil || c.want != "" && (release.ExitStatus(err) != int(release.Invalid) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if all, err := connect.Rescue(job); err != nil || len(all) != 2 {
				t.Errorf("a way back: %v, %v: want both", all, err)
			}
		})
	}
}
