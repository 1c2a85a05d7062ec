package draft

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Variables that say where a service on the host's own network listens.
var listening = regexp.MustCompile(`^(HTTP_|SERVER_)?(LISTEN|BIND|PORT)(_ADDR|_ADDRESS)?$`)

// listens is what a service on the host's network listens at, as host:port; empty
// where it does not say so.
func (s Service) listens() string {
	if !s.HostNetwork {
		return ""
	}
	for _, name := range sorted(s.Variables) {
		value := s.Variables[name]
		if number(value) != 0 {
			value = ":" + value
		}
		if host, port, err := net.SplitHostPort(value); err == nil && listening.MatchString(name) && number(port) != 0 {
			return net.JoinHostPort(reached(host), port)
		}
	}
	return ""
}

// served tells whether requests reach a service, and from the host at which address.
func (s Service) served() (address string, ok bool) {
	if at := s.listens(); at != "" {
		return at, true
	}
	for _, p := range s.Ports {
		if number(p.Published) != 0 {
			return net.JoinHostPort(reached(p.Host), p.Published), true
		}
	}
	return unknown, len(s.Ports) > 0 || s.HostNetwork
}

// unknown is the address of a service whose port only a person knows.
const unknown = "127.0.0.1:" + FillIn

// reached is the address by which the host itself reaches what listens at another.
func reached(host string) string {
	addr, err := netip.ParseAddr(cmp.Or(host, "0.0.0.0"))
	switch {
	case err != nil || addr.IsUnspecified() && addr.Is4():
		return "127.0.0.1"
	case addr.IsUnspecified():
		return "::1"
	}
	return addr.String()
}

func number(port string) uint16 {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// ports is the ports that nobody else may have.
type ports map[uint16]bool

func (p ports) take(address string) {
	if _, port, err := net.SplitHostPort(address); err == nil {
		p[number(port)] = true
	}
}

// beside is an address for the other slot: the next port that is free.
func (p ports) beside(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || number(port) == 0 {
		return address
	}
	for n := number(port) + 1; n != 0; n++ {
		if !p[n] {
			p[n] = true
			return net.JoinHostPort(host, strconv.Itoa(int(n)))
		}
	}
	return unknown
}

// asked is a page that a health check asks for.
var asked = regexp.MustCompile(`https?://[^/\s"']+(/[^\s"'|;&)]*)?`)

// page is the path that a health check asks for.
func (s Service) page() string {
	m := asked.FindStringSubmatch(strings.Join(s.Test, " "))
	switch {
	case m == nil:
		return FillIn
	case m[1] == "":
		return "/"
	}
	return m[1]
}
