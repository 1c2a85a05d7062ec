package albtest

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// stickyCookie keeps a client at a group, as AWS's own of the same name.
const stickyCookie = "AWSALBTG"

type nodeKey struct{}

// dealt gives each connection to a node, in turn.
func dealt(connections *atomic.Int64, nodes int) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, nodeKey{}, int(connections.Add(1))%nodes)
	}
}

// front is the load balancer at one of its ports.
func (s *Server) front(listener string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node, _ := r.Context().Value(nodeKey{}).(int)
		to, keep, ok := s.choose(listener, s.options.Nodes[node], r)
		if !ok {
			w.Header().Set("Server", "awselb/2.0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if keep != "" {
			http.SetCookie(w, &http.Cookie{Name: stickyCookie, Value: keep, Path: "/", HttpOnly: true})
		}
		s.proxy(to).ServeHTTP(w, r)
	})
}

// choose finds the target of a request, and the group that a client is to be
// kept at.
func (s *Server) choose(listener string, delay time.Duration, r *http.Request) (address, keep string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rule := range s.rulesOf(listener) {
		if rule.listener != "" && !matches(rule.paths, r.URL.Path) {
			continue
		}
		actions := rule.seen(delay)
		last := actions[len(actions)-1]
		if last.ForwardConfig == nil {
			return "", "", false
		}
		group, keep := pick(last.ForwardConfig, r)
		address, ok := s.groups[group].serving()
		return address, keep, ok
	}
	return "", "", false
}

func matches(patterns []string, at string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, at); ok || len(p) > 1 && p[len(p)-2:] == "/*" && len(at) >= len(p)-1 && at[:len(p)-1] == p[:len(p)-1] {
			return true
		}
	}
	return false
}

// pick draws a group by the weights, or finds the one of the cookie.
func pick(c *types.ForwardActionConfig, r *http.Request) (group, keep string) {
	sticky := c.TargetGroupStickinessConfig != nil && aws.ToBool(c.TargetGroupStickinessConfig.Enabled)
	if cookie, err := r.Cookie(stickyCookie); sticky && err == nil {
		for _, g := range c.TargetGroups {
			if *g.TargetGroupArn == cookie.Value {
				return cookie.Value, "" // whatever its weight is
			}
		}
	}
	var total int32
	for _, g := range c.TargetGroups {
		total += *g.Weight
	}
	if total == 0 {
		return "", ""
	}
	left := rand.Int32N(total)
	for _, g := range c.TargetGroups {
		if left -= *g.Weight; left < 0 {
			group = *g.TargetGroupArn
			break
		}
	}
	if sticky {
		keep = group
	}
	return group, keep
}

// serving is the next target of a group in turn: a healthy one, or any where
// none is, as AWS fails open.
func (g *group) serving() (string, bool) {
	if g == nil {
		return "", false
	}
	var healthy, all []string
	for _, t := range g.targets {
		if t.draining {
			continue
		}
		all = append(all, t.address)
		if t.healthy {
			healthy = append(healthy, t.address)
		}
	}
	if len(healthy) == 0 {
		healthy = all
	}
	if len(healthy) == 0 {
		return "", false
	}
	g.turn++
	return healthy[g.turn%len(healthy)], true
}

// proxy passes requests to a target. What it cannot pass is answered as AWS
// does; nothing is sent twice.
func (s *Server) proxy(address string) *httputil.ReverseProxy {
	if p, ok := s.cells.Load(address); ok {
		return p.(*httputil.ReverseProxy)
	}
	to := &url.URL{Scheme: "http", Host: address}
	p, _ := s.cells.LoadOrStore(address, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second, DisableCompression: true},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // a test asks, and reads no log
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Server", "awselb/2.0")
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	return p.(*httputil.ReverseProxy)
}
