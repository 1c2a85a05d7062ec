package reload

import (
	"context"
	"errors"
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
	look       = 3 * time.Millisecond
	unbroken   = 500 * time.Millisecond // of new answers, where workers cannot be seen
	answerSize = 256                    // bytes of an answer that is read
)

// answer is what the include says through nginx.
type answer struct {
	generation string
	weights    release.Weights
	pid        string // of the worker
}

var answerForm = regexp.MustCompile(`^generation=([0-9a-f]{16}) green=([0-9]{1,3}) pid=([0-9]+)\n$`)

// parseAnswer refuses everything that an include does not say, such as the page
// of another server.
func parseAnswer(text []byte) (answer, error) {
	m := answerForm.FindSubmatch(text)
	var green release.Weight
	if m == nil || green.UnmarshalText(m[2]) != nil {
		return answer{}, fmt.Errorf("unknown answer %.60q: want that of the include", text)
	}
	return answer{string(m[1]), release.Split(release.Green, green), string(m[3])}, nil
}

// newClient makes a client; a fresh one has a connection of its own for each
// request, which a worker that shuts down cannot get.
func newClient(dial func(ctx context.Context, network, address string) (net.Conn, error), fresh bool) *http.Client {
	return &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			DialContext:         dial,
			DisableKeepAlives:   fresh,
			MaxIdleConnsPerHost: traffic.CountParallel,
			IdleConnTimeout:     answerTime,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (r *Router) get(ctx context.Context, client *http.Client, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.settings.URL, "/")+path, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

// ask asks nginx, on a new connection, what it runs.
func (r *Router) ask(ctx context.Context) (answer, error) {
	res, err := r.get(ctx, r.fresh, "/bluegreen")
	if err != nil {
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, answerSize))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("ask nginx: %w", err)
	case res.StatusCode != http.StatusOK:
		return answer{}, fmt.Errorf("ask nginx: /bluegreen: %s", res.Status)
	}
	a, err := parseAnswer(text)
	if err != nil {
		return answer{}, fmt.Errorf("ask nginx: /bluegreen: %w", err)
	}
	return a, nil
}

// insist asks again where nginx did not answer at once: a worker that has no
// connection left to give closes a new one.
func (r *Router) insist(ctx context.Context) (a answer, err error) {
	for range 3 {
		if a, err = r.ask(ctx); err == nil || ctx.Err() != nil {
			return a, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return a, err
}

// before is what was there before a reload.
type before struct {
	workers []string // none where they cannot be seen
	log     mark
}

func (r *Router) before(ctx context.Context) before {
	workers, _ := r.host.workers(ctx) // without them the proof takes longer
	return before{workers, r.host.mark(ctx)}
}

var errNoEffect = errors.New("nginx has not taken the change")

// effect waits until nginx runs a generation. One answer of it is not enough:
// for a tenth of a second the workers of both generations take connections. So
// every other worker has to be gone or on its way out; where they cannot be seen,
// new connections have to get nothing else for a while. An error of still ends the
// wait; it may be nil.
func (r *Router) effect(ctx context.Context, generation string, was before, limit time.Duration, still func() error) error {
	whole := ctx
	ctx, cancel := context.WithTimeout(whole, limit)
	defer cancel()
	var since time.Time
	last := errors.New("no answer")
	for {
		a, err := r.ask(ctx)
		switch {
		case err == nil && a.generation == generation && since.IsZero():
			since = time.Now()
		case err == nil && a.generation != generation:
			err = fmt.Errorf("it runs %s, %v", a.generation, a.weights)
		}
		if err != nil {
			since = time.Time{}
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		if !since.IsZero() && r.alone(ctx, was, since) {
			return nil
		}
		if still != nil {
			if err := still(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(whole.Err(), context.Canceled) {
				return context.Cause(whole)
			}
			if !since.IsZero() {
				last = errors.New("workers from before still take connections")
			}
			return fmt.Errorf("%w within %v: %w", errNoEffect, limit, last)
		case <-time.After(look):
		}
	}
}

// alone tells whether only the workers of one reload take connections: none from
// before it, and no more than there were. Another reload that was under way has
// made some that nobody has noted; nginx ends them a tenth of a second after the
// ones that follow have begun. More workers for good are somebody's change of
// worker_processes.
func (r *Router) alone(ctx context.Context, was before, since time.Time) bool {
	unmixed := time.Since(since) >= unbroken
	if len(was.workers) == 0 {
		return unmixed
	}
	now, err := r.host.workers(ctx)
	switch {
	case err != nil:
		return unmixed
	case overlap(now, was.workers):
		return false
	}
	return len(now) <= len(was.workers) || unmixed
}
