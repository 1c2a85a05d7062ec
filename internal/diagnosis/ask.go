package diagnosis

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer is what a service said to one request.
type Answer struct {
	Path   string
	Status int // 0 when there was no answer
	Took   time.Duration
	Body   string
	Err    error
}

// asker follows no redirect, which could lead to the other slot, and uses no proxy.
var asker = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Ask sends one GET to a path of a service, and reads up to MaxFile of the answer.
func Ask(ctx context.Context, base, path string) Answer {
	a, begin := Answer{Path: path}, time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+path, nil)
	if err == nil {
		var res *http.Response
		if res, err = asker.Do(req); err == nil {
			defer res.Body.Close()
			a.Status = res.StatusCode
			var text []byte
			text, err = io.ReadAll(io.LimitReader(res.Body, MaxFile))
			a.Body = string(text)
		}
	}
	if a.Took = time.Since(begin); err != nil {
		a.Err = fmt.Errorf("GET %s: %w", path, err)
	}
	return a
}

// String is the answer as a file shows it.
func (a Answer) String() string {
	if a.Err != nil {
		return fmt.Sprintf("GET %s\n%v, after %v\n", a.Path, a.Err, a.Took.Round(time.Millisecond))
	}
	return fmt.Sprintf("GET %s\n%d %s, after %v\n\n%s\n", a.Path, a.Status, http.StatusText(a.Status), a.Took.Round(time.Millisecond), strings.TrimSpace(a.Body))
}
