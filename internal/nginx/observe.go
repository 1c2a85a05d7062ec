package nginx

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
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
	http   string    // the configuration of the http level; empty from one that an older version has made
	date   time.Time // of the host's clock, to the second
}

// question is what a request asks besides.
type question struct {
	probe   string         // id of a file that is looked for
	preview release.Secret // value of the header
}

// strangerError is the answer of somebody else.
type strangerError struct{ saw string }

func (e *strangerError) Error() string { return "ask nginx: /__bluegreen: " + e.saw }

var answerForm = regexp.MustCompile(`^slot=(blue|green) probe=([01]) config=([0-9a-f]{12})(?: http=([0-9a-f]{12}))?\n$`)

// parseAnswer refuses everything that the generated configuration does not say,
// such as the page of another server.
func parseAnswer(text []byte) (answer, error) {
	m := answerForm.FindSubmatch(text)
	if m == nil {
		return answer{}, &strangerError{fmt.Sprintf("unknown answer %.60q: want that of the generated configuration", text)}
	}
	return answer{slot: release.Slot(m[1]), probe: string(m[2]) == "1", config: string(m[3]), http: string(m[4])}, nil
}

// dialer opens a network connection, from this host or from another one.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func newClient(s Settings, dial dialer, keep bool) *http.Client {
	return &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			DialContext:         dial,
			TLSClientConfig:     &tls.Config{ServerName: s.Host},
			DisableKeepAlives:   !keep,
			MaxIdleConnsPerHost: traffic.CountParallel,
			MaxConnsPerHost:     traffic.CountParallel,
			IdleConnTimeout:     answerTime,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *Switch) ask(ctx context.Context) (answer, error) { return s.askBy(ctx, s.client, question{}) }

func (s *Switch) askBy(ctx context.Context, client *http.Client, ask question) (answer, error) {
	url := strings.TrimSuffix(s.settings.URL, "/") + "/__bluegreen"
	if ask.probe != "" {
		url += "?probe=" + ask.probe
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	req.Host = s.settings.Host
	if ask.preview != "" {
		req.Header.Set("X-Bluegreen-Preview", ask.preview.Reveal())
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longest))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	case res.StatusCode != http.StatusOK:
		return answer{}, &strangerError{res.Status}
	}
	a, err := parseAnswer(text)
	a.date, _ = http.ParseTime(res.Header.Get("Date")) // zero where a proxy in between has removed it
	return a, err
}

// Observe implements traffic.Observer. Each request counts as a new client,
// whatever the split goes by, and passes the same conditions as every other
// request. One that gets no answer ends the count.
func (s *Switch) Observe(ctx context.Context, n int) (traffic.Share, error) {
	return traffic.Count(ctx, n, func(ctx context.Context) (release.Slot, error) {
		a, err := s.ask(ctx)
		return a.slot, err
	})
}
