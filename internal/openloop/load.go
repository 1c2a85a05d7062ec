package openloop

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Load is what to send where.
type Load struct {
	URL      string        // http://host:port; paths are those of the requests
	Rate     float64       // requests a second, above 0, at most 100,000
	Duration time.Duration // 0 is until the context ends
	Mix      []Request     // taken in turn; nil is Even
	Header   http.Header   // sent with every request; Host is honoured
	Keep     []string      // response headers to keep in samples, such as X-Version
	Timeout  time.Duration // of one request from its start; 0 is 10 s
	Room     int           // how many requests may be under way; 0 is 1000
	Each     func(Sample)  // told of every sample as it comes, one at a time; must be quick
}

// Request is one kind of request in the mix.
type Request struct {
	Method string                  // "" is GET
	Path   string                  // "" is /
	Fresh  bool                    // on a connection of its own, closed after it
	Body   func(number int) string // nil is none
}

// Even is a mix of GET and POST, on kept and on fresh connections in equal parts.
func Even(path string) []Request {
	body := func(number int) string { return fmt.Sprintf("number=%d", number) }
	return []Request{
		{Path: path},
		{Path: path, Method: http.MethodPost, Body: body},
		{Path: path, Fresh: true},
		{Path: path, Method: http.MethodPost, Body: body, Fresh: true},
	}
}

// normal fills in what was left out, and refuses what makes no sense.
func (l Load) normal() (Load, *url.URL, error) {
	var errs []error
	target, err := url.Parse(l.URL)
	if err != nil || target.Scheme != "http" || target.Host == "" || target.Path != "" && target.Path != "/" {
		errs = append(errs, fmt.Errorf("url %q: want http://host:port without a path", l.URL))
	}
	if !(l.Rate > 0 && l.Rate <= 100_000) {
		errs = append(errs, fmt.Errorf("rate %v: want more than 0 and at most 100000 a second", l.Rate))
	}
	if l.Duration < 0 || l.Timeout < 0 || l.Room < 0 {
		errs = append(errs, fmt.Errorf("duration %v, timeout %v, room %d: want none below 0", l.Duration, l.Timeout, l.Room))
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	if l.Room == 0 {
		l.Room = 1000
	}
	if len(l.Mix) == 0 {
		l.Mix = Even("/")
	}
	l.Mix = slices.Clone(l.Mix)
	for i := range l.Mix {
		l.Mix[i].fill()
	}
	return l, target, errors.Join(errs...)
}

func (r *Request) fill() {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Path == "" {
		r.Path = "/"
	}
}
