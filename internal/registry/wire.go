package registry

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// encrypted refuses plain http to another machine. The client library would
// fall back to it for private networks, with the account in the request.
type encrypted struct {
	plainToo bool
	next     http.RoundTripper
}

func (e encrypted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !e.plainToo && !loopback(r.URL.Hostname()) {
		return nil, fmt.Errorf("registry %s answers plain http only: set registry.plain-http to allow it", r.URL.Host)
	}
	return e.next.RoundTrip(r)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// patient limits what has no deadline of its own: the library gives an upload
// up in the background.
func patient() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = deadline
	return t
}

// bound gives every request a context, for a call of the library that takes
// none; but for the clean-up, which runs on after that call.
type bound struct {
	ctx  context.Context
	next http.RoundTripper
}

func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodDelete {
		return b.next.RoundTrip(r)
	}
	return b.next.RoundTrip(r.WithContext(b.ctx))
}
