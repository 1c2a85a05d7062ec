package docker

import (
	"net"
	"net/url"
	"strings"
)

// Near says whether a host, such as 127.0.0.1, is the machine of the engine, as far as
// this machine can tell: names are not resolved.
func (e *Engine) Near(host string) bool {
	at, err := url.Parse(e.api.DaemonHost())
	if err != nil || host == "" {
		return false
	}
	if at.Scheme == "tcp" && !local(at.Hostname()) {
		return strings.EqualFold(at.Hostname(), host)
	}
	if local(host) {
		return true
	}
	mine, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range mine {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(net.ParseIP(host)) {
			return true
		}
	}
	return false
}
