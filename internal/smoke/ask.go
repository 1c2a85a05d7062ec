package smoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxBody is how much of an answer is read, in bytes.
const maxBody = 1 << 20

// asker asks the checks. It follows no redirect, which could lead to the other
// slot, and uses no proxy.
type asker struct {
	client      http.Client
	timeout     time.Duration
	startWithin time.Duration
}

func (s Settings) asker() *asker {
	return &asker{
		client: http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: s.Parallel, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: s.Timeout, startWithin: s.StartWithin,
	}
}

// ask asks one check as often as it wants, and stops at the first answer that
// differs.
func (a *asker) ask(ctx context.Context, c Check, base string) Result {
	r := Result{Check: c}
	var times []time.Duration
	for r.Err == nil && r.Asked < c.Repeat {
		r.Asked++
		var took time.Duration
		r.Status, took, r.Err = a.patiently(ctx, c, base)
		times = append(times, took)
	}
	r.Latency = percentile(times)
	if limit := c.Expect.MaxLatency; r.Err == nil && limit > 0 && r.Latency > limit {
		r.Err = fmt.Errorf("answered in %v: want at most %v", r.Latency.Round(time.Millisecond), limit)
	}
	r.Err = c.say(r.Err)
	return r
}

// percentile is the 95th, and the slowest of fewer than 20.
func percentile(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[(len(times)*95+99)/100-1]
}

// patiently tries again while the connection is refused.
func (a *asker) patiently(ctx context.Context, c Check, base string) (status int, took time.Duration, err error) {
	const pause = 200 * time.Millisecond
	for end := time.Now().Add(a.startWithin); ; {
		began := time.Now()
		status, err = a.once(ctx, c, base)
		took = time.Since(began)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().Add(pause).After(end) {
			return status, took, err
		}
		select {
		case <-ctx.Done():
			return status, took, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func (a *asker) once(ctx context.Context, c Check, base string) (status int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, a.timeout, fmt.Errorf("no answer within %v", a.timeout))
	defer cancel()
	request, err := c.request(ctx, base)
	if err != nil {
		return 0, err
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return 0, cause(ctx, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return answer.StatusCode, fmt.Errorf("status %d, and the answer is cut off: %w", answer.StatusCode, cause(ctx, err))
	}
	return answer.StatusCode, c.differs(ctx, answer, body)
}

func (c Check) request(ctx context.Context, base string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, c.method(), strings.TrimSuffix(base, "/")+c.Path, strings.NewReader(c.Body))
	if err != nil {
		return nil, errors.New("the address and the path make no request")
	}
	for name, value := range c.Headers {
		if http.CanonicalHeaderKey(name) == "Host" { // which net/http reads nowhere else
			request.Host = value.Reveal()
		}
		request.Header.Set(name, value.Reveal())
	}
	return request, nil
}

// cause is err without the URL that net/http puts before it, or why the context
// has ended.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
