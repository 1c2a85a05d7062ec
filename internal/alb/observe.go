package alb

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The counting of requests.
const (
	answerTime = 5 * time.Second // of one request
	longest    = 4096            // bytes of an answer that are read
	margin     = 200 * time.Millisecond
)

// probe asks a page of every service, in turn, which slot answers it.
type probe struct {
	pages  []page
	header string
	body   *regexp.Regexp // nil for the header

	// lookup lists the addresses of a host: each node of the load balancer has
	// its own, and may know of a change later than the others.
	lookup func(ctx context.Context, host string) ([]string, error)
}

type page struct{ url, host string }

func newProbe(s Settings) *probe {
	p := &probe{header: s.Header, lookup: net.DefaultResolver.LookupHost}
	if s.Body != "" {
		p.body = regexp.MustCompile(s.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		p.pages = append(p.pages, page{s.Services[name].URL, s.Services[name].Host})
	}
	return p
}

// Observe implements traffic.Observer. What this process has set last may take
// until all nodes know it, so within the time for that it counts again until the
// count fits, and then says what it has counted last. The requests are dealt to
// all services and to all addresses of the load balancer, on connections of
// their own. One that gets no answer ends the count.
func (b *Balancer) Observe(ctx context.Context, n int) (traffic.Share, error) {
	until, want := b.spreading()
	if end, ok := ctx.Deadline(); ok && end.Add(-margin).Before(until) {
		until = end.Add(-margin)
	}
	var last traffic.Share
	for {
		share, err := b.probe.count(ctx, n)
		switch {
		case err != nil && last.Total() > 0 && ctx.Err() != nil:
			return last, nil
		case err != nil, share.Fits(want), !time.Now().Before(until):
			return share, err
		}
		if last = share; !sleep(ctx, margin/2) {
			return last, nil
		}
	}
}

// spreading is until when a change may still be on its way, and to what.
func (b *Balancer) spreading() (time.Time, release.Weights) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.aim.at.Add(b.settings.Propagation), b.aim.weights
}

// count sends n requests, each time with the next client and to the next page.
func (p *probe) count(ctx context.Context, n int) (traffic.Share, error) {
	free := make(chan *http.Client, traffic.CountParallel)
	for i := range traffic.CountParallel {
		client := p.client(i)
		defer client.CloseIdleConnections()
		free <- client
	}
	var next atomic.Int64
	return traffic.Count(ctx, n, func(ctx context.Context) (release.Slot, error) {
		client := <-free
		defer func() { free <- client }()
		return p.ask(ctx, client, p.pages[int(next.Add(1))%len(p.pages)])
	})
}

// client is one of those that are dealt to the addresses of a host.
func (p *probe) client(number int) *http.Client {
	dialer := &net.Dialer{Timeout: answerTime}
	return &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				all, err := p.lookup(ctx, host)
				if err != nil {
					return nil, err
				}
				return dialer.DialContext(ctx, network, net.JoinHostPort(all[number%len(all)], port))
			},
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *probe) ask(ctx context.Context, client *http.Client, from page) (release.Slot, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.url, nil)
	if err != nil {
		return "", err
	}
	req.Host = from.host
	res, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the load balancer: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longest))
	if err != nil {
		return "", fmt.Errorf("ask the load balancer: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)) // so that the connection can be used again
	return p.slot(from, res, text)
}

// slot reads which slot has answered. It refuses an answer that does not say,
// such as one of the load balancer itself.
func (p *probe) slot(from page, res *http.Response, text []byte) (release.Slot, error) {
	said, where := res.Header.Get(p.header), "the header "+p.header
	if p.body != nil {
		said, where = "", "the body"
		if m := p.body.FindSubmatch(text); m != nil {
			said = string(m[1])
		}
	}
	var slot release.Slot
	if err := slot.UnmarshalText([]byte(strings.ToLower(strings.TrimSpace(said)))); err != nil {
		at, _ := url.Parse(from.url)
		return "", release.CannotTell("let every answer of the application say blue or green there, or set router.alb.header or body",
			"ask the load balancer: %s: %s: %s says %.40q", at.Redacted(), res.Status, where, said)
	}
	return slot, nil
}
