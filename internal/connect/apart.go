package connect

import (
	"cmp"
	"fmt"
	"net/url"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
)

// place is a file or folder of a host that a load balancer writes to as the only
// one.
type place struct{ host, path string }

// owned is a place, and the key that says it.
type owned struct {
	place
	key string
}

// apart is what the load balancers so far write to. Two that write to the same
// would take each other's split for their own.
type apart map[place]string

// add refuses what another load balancer has already.
func (a apart) add(key string, r config.Router) error {
	for _, o := range places(r) {
		at := key + "." + o.key
		if other, taken := a[o.place]; taken {
			return release.Reject("give each load balancer a state folder and files of its own", "%s: %s is also that of %s", at, o.path, other)
		}
	}
	for _, o := range places(r) {
		a[o.place] = key + "." + o.key
	}
	return nil
}

// places is what a load balancer writes to. An ALB has no file.
func places(r config.Router) []owned {
	var all []owned
	add := func(host, key, path string) {
		if path != "" {
			all = append(all, owned{place{host, path}, key})
		}
	}
	add(hostOf(r.Nginx.SSH), "nginx.state", r.Nginx.State)
	add(hostOf(r.Nginx.SSH), "nginx.config", r.Nginx.Config)
	add(hostOf(r.NginxReload.SSH), "nginx-reload.state", r.NginxReload.State)
	add(hostOf(r.NginxReload.SSH), "nginx-reload.include", r.NginxReload.Include)
	add("", "haproxy.state", r.HAProxy.State)
	add("", "haproxy.config", r.HAProxy.Config)
	return all
}

// hostOf is the same for two users of a host. Behind another jump host is another
// host, of whatever name; this machine is empty.
func hostOf(s ssh.Settings) string {
	u, err := url.Parse(s.URL)
	if err != nil || !s.Used() {
		return s.URL
	}
	return fmt.Sprintf("%s:%s via %s", u.Hostname(), cmp.Or(u.Port(), "22"), s.Jump)
}
