package github

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// authorized adds the token to requests for one host, so that a redirect to
// another does not carry it there.
type authorized struct {
	host  string
	token release.Secret
	next  http.RoundTripper
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == a.host {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	return a.next.RoundTrip(req)
}

// patient repeats requests that read, after an outage and after a limit that
// ends soon.
type patient struct{ next http.RoundTripper }

const (
	tries      = 4
	pause      = 500 * time.Millisecond // before the second try; doubled each time
	soonEnough = 15 * time.Second
)

func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	for n := 0; ; n++ {
		resp, err := p.next.RoundTrip(req)
		wait, again := repeat(resp, err, n)
		if !again || n == tries-1 || req.Method != http.MethodGet {
			return resp, err
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // frees the connection
			_ = resp.Body.Close()
		}
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(wait):
		}
	}
}

// repeat says whether a request is worth repeating, and when.
func repeat(resp *http.Response, err error, n int) (time.Duration, bool) {
	backoff := pause << n
	if err != nil {
		return backoff, true
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return backoff, true
	case http.StatusForbidden, http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		wait := time.Duration(seconds) * time.Second
		return max(wait, backoff), err == nil && wait <= soonEnough
	}
	return 0, false
}
