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
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The counting of requests.
const (
	parallel   = 8                // connections
	answerTime = 2 * time.Second  // of one request
	countTime  = 30 * time.Second // of all
	longest    = 256              // bytes of an answer that is read
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

func newClient(s Settings) *http.Client {
	return &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: answerTime}).DialContext,
			TLSClientConfig:     &tls.Config{ServerName: s.Host},
			MaxIdleConnsPerHost: parallel,
			MaxConnsPerHost:     parallel,
			IdleConnTimeout:     answerTime,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *Switch) ask(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.settings.URL, "/")+"/__bluegreen", nil)
	if err != nil {
		return answer{}, err
	}
	req.Host = s.settings.Host
	res, err := s.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longest))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	case res.StatusCode != http.StatusOK:
		return answer{}, fmt.Errorf("ask nginx: /__bluegreen: %s", res.Status)
	}
	return parseAnswer(text)
}

// Observe implements traffic.Observer. Each request counts as a new client,
// whatever the split goes by, and passes the same conditions as every other
// request. One that gets no answer ends the count.
func (s *Switch) Observe(ctx context.Context, n int) (traffic.Share, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, countTime, fmt.Errorf("counting took longer than %v", countTime))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var left, blue, green atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range min(n, parallel) {
		all.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				a, err := s.ask(ctx)
				switch {
				case err != nil:
					stop(err)
				case a.slot == release.Blue:
					blue.Add(1)
				default:
					green.Add(1)
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return traffic.Share{}, context.Cause(ctx)
	}
	return traffic.Share{Blue: int(blue.Load()), Green: int(green.Load())}, nil
}
