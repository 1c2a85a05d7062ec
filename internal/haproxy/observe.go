package haproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

const (
	answerTime = 2 * time.Second // of one request
	longest    = 256             // bytes of an answer that is read
)

// answer is what /__bluegreen says.
type answer struct {
	slot   release.Slot
	probe  bool
	config string
}

var answerForm = regexp.MustCompile(`^slot=(blue|green) probe=([01]) config=([0-9a-f]{12})\n$`)

// parseAnswer refuses everything that the generated configuration does not say,
// such as the page of another server.
func parseAnswer(text []byte) (answer, error) {
	m := answerForm.FindSubmatch(text)
	if m == nil {
		return answer{}, fmt.Errorf("/__bluegreen: unknown answer %.60q: want that of the generated configuration", text)
	}
	return answer{release.Slot(m[1]), string(m[2]) == "1", string(m[3])}, nil
}

func newClient(s Settings, dial dialer) *http.Client {
	return &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			DialContext:         dial,
			TLSClientConfig:     &tls.Config{ServerName: s.Host},
			MaxIdleConnsPerHost: traffic.CountParallel,
			MaxConnsPerHost:     traffic.CountParallel,
			IdleConnTimeout:     answerTime,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *Proxy) ask(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.settings.URL, "/")+"/__bluegreen", nil)
	if err != nil {
		return answer{}, err
	}
	req.Host = p.settings.Host
	res, err := p.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("ask HAProxy: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longest))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("ask HAProxy: %w", err)
	case res.StatusCode != http.StatusOK:
		return answer{}, fmt.Errorf("ask HAProxy: /__bluegreen: %s", res.Status)
	}
	return parseAnswer(text)
}

// Observe implements traffic.Observer. Each request counts as a new client,
// whatever the split goes by, and passes the same rules as every other request;
// it reaches no slot.
func (p *Proxy) Observe(ctx context.Context, n int) (traffic.Share, error) {
	return traffic.Count(ctx, n, func(ctx context.Context) (release.Slot, error) {
		a, err := p.ask(ctx)
		return a.slot, err
	})
}
