package github

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// authorized adds the token to requests for one host and for its host of uploads, so that a redirect to
// another does not carry it there.
type authorized struct {
	host  string
	token release.Secret
	next  http.RoundTripper
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == a.host || req.URL.Host == uploads(a.host) {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	return a.next.RoundTrip(req)
}

// patient repeats requests after an outage, and after a limit that ends before
// the request's context does. A change is repeated only where GitHub has said
// that it did not make it, or where making it twice is making it once.
type patient struct{ next http.RoundTripper }

const tries = 5

// pause is before the second try; doubled each time.
var pause = 500 * time.Millisecond

func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	for n := 0; ; n++ {
		resp, err := p.next.RoundTrip(req)
		wait, again := repeat(req, resp, err, n)
		if !again || n == tries-1 || !inTime(req.Context(), wait) {
			return resp, err
		}
		next, ok := rewound(req)
		if !ok {
			return resp, err
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // frees the connection
			_ = resp.Body.Close()
		}
		select {
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		case <-time.After(wait):
		}
		req = next
	}
}

// inTime reports whether a wait ends while somebody still waits for the answer.
func inTime(ctx context.Context, wait time.Duration) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(end) > wait)
}

// rewound is the request with its body from the beginning.
func rewound(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	again := req.Clone(req.Context())
	again.Body = body
	return again, err == nil
}

// repeat says whether a request is worth repeating, and when.
func repeat(req *http.Request, resp *http.Response, err error, n int) (time.Duration, bool) {
	backoff := pause << n
	harmless := req.Method != http.MethodPost && req.Method != http.MethodPatch
	switch {
	case err != nil:
		return backoff, harmless
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests:
		wait, limited := limit(resp.Header, time.Now())
		return max(wait, backoff), limited
	case resp.StatusCode == http.StatusNotImplemented:
		return 0, false
	}
	return backoff, harmless && resp.StatusCode >= http.StatusInternalServerError
}

// limit reads how long a limit lasts: Retry-After of a secondary one, the time of
// the reset of the hourly one. A refusal without them is no limit.
func limit(h http.Header, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || h.Get("X-RateLimit-Remaining") != "0" {
		return 0, false
	}
	return max(0, time.Unix(reset, 0).Sub(now)) + time.Second, true // GitHub's clock has whole seconds
}
