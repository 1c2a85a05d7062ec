package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// behind is a load balancer that leads to the application before it has heard of slots.
type behind struct {
	server  *lab.Server
	own     string // its own configuration, in the server's folder
	router  string // as the configuration has it, behind router:
	install string
	include func(own string) string // what a person makes of that
}

// Only the load balancer's own step differs.
func TestALiveApplicationIsAdoptedBehindAnyLoadBalancer(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, r *rig) behind{"nginx-reload": behindReload, "haproxy": behindHAProxy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := bare(t)
			r.up(t, r.name+"-blue", r.ports[release.Blue])
			b := start(t, r)
			r.compose(t)
			begin, end := strings.Index(r.configuration, "router:"), strings.Index(r.configuration, "slots:")
			r.configuration = r.configuration[:begin] + "router:\n  " + b.router + "\n" + r.configuration[end:]
			r.write(t, r.configuration)
			clients := users(t, b.server.URL)

			r.says(t, r.run(t, nil, append(strings.Fields(b.install), "--live", "blue")...), 0, "in place")
			r.says(t, r.run(t, nil, "adopt"), 3, "read the weights")
			file := filepath.Join(b.server.Dir, b.own)
			own, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file, []byte(b.include(string(own))), 0o644))
			must(t, b.server.Reload())
			got := r.run(t, nil, "adopt")
			for begin := time.Now(); got.status != 0 && time.Since(begin) < 10*time.Minute; got = r.run(t, nil, "adopt") {
				time.Sleep(100 * time.Millisecond) // the new processes take over in their own time
			}
			r.says(t, got, 0, "blue is live, and written down as the slot to go back to")
			r.says(t, r.patiently(t, nil, "status"), 0, "adopted\n")
			if report := clients(); report.Lost() != 0 || report.Sent() == 0 {
				t.Errorf("%v", report)
			}
		})
	}
}

func behindReload(t *testing.T, r *rig) behind {
	server := lab.Nginx(t, fmt.Sprintf(alone, r.ports[release.Blue]))
	return behind{
		server: server, own: "nginx.conf", install: "nginx-reload",
		router: fmt.Sprintf(`nginx-reload: {state: %[1]s/state, include: %[1]s/upstreams.conf, listen: "127.0.0.1:%[2]d", config: %[3]s/nginx.conf, pid: %[3]s/nginx.pid, error-log: %[3]s/error.log, services: {shop: {blue: "127.0.0.1:%[4]d", green: "127.0.0.1:%[5]d"}}}`,
			r.dir, lab.Ports(t, 1)[0], server.Dir, r.ports[release.Blue], r.ports[release.Green]),
		include: func(own string) string {
			return strings.NewReplacer("access_log off;", "access_log off; include "+r.dir+"/upstreams.conf;",
				fmt.Sprint("http://127.0.0.1:", r.ports[release.Blue]), "http://shop").Replace(own)
		},
	}
}

const aloneHAProxy = `
global
	stats socket %s/admin.sock mode 600 level user expose-fd listeners
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
frontend all
	bind 127.0.0.1:{{.Port}}
	default_backend shop
backend shop
	server one 127.0.0.1:%d
`

func behindHAProxy(t *testing.T, r *rig) behind {
	server := lab.HAProxy(t, fmt.Sprintf(aloneHAProxy, r.dir, r.ports[release.Blue]))
	return behind{
		server: server, own: "haproxy.cfg", install: "haproxy",
		router: fmt.Sprintf(`haproxy: {state: %[1]s/state, socket: %[1]s/admin.sock, config: %[1]s/bluegreen.cfg, url: "%[2]s", services: {web: {blue: "127.0.0.1:%[3]d", green: "127.0.0.1:%[4]d"}}}`,
			r.dir, server.URL, r.ports[release.Blue], r.ports[release.Green]),
		include: func(own string) string {
			backends, err := os.ReadFile(filepath.Join(r.dir, "bluegreen.cfg"))
			must(t, err)
			return strings.Replace(own, "default_backend shop", "default_backend bluegreen_web", 1) + string(backends)
		},
	}
}
