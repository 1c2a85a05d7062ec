// Package prometheus asks a Prometheus server, or what speaks its query API, on
// behalf of the gates.
//
// It promises that an answer is a number with the server's time, or an error
// that says whether the query or the server is at fault. It refuses credentials
// in the address, redirects, answers of more than 8 MiB, ranges, texts and
// native histograms. No error has a token, a password or a query string of the
// address in it.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/api"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section prometheus of the configuration.
type Settings struct {
	URL            string         `yaml:"url" help:"Address of the Prometheus server, such as https://prometheus.example.com, without credentials."`
	Token          release.Secret `yaml:"token" help:"Bearer token, where the server asks for one."`
	User           string         `yaml:"user" help:"User for basic authentication, where the server asks for it."`
	Password       release.Secret `yaml:"password" help:"Password for basic authentication."`
	Timeout        time.Duration  `yaml:"timeout" default:"5s" help:"How long one query may take."`
	ScrapeInterval time.Duration  `yaml:"scrape-interval" default:"15s" help:"How often the server scrapes the application."`
}

// Check refuses an address that is none, or has credentials in it, and times
// that make no sense. A missing address is refused by New.
func (s Settings) Check() error {
	var problems []error
	if s.URL != "" {
		problems = append(problems, checkAddress(s.URL))
	}
	if s.Token != "" && s.User != "" {
		problems = append(problems, errors.New("prometheus: token and user: want one of them"))
	}
	if s.Password != "" && s.User == "" {
		problems = append(problems, errors.New("prometheus.password without prometheus.user"))
	}
	if s.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("prometheus.timeout %v: want more than 0", s.Timeout))
	}
	if s.ScrapeInterval <= 0 {
		problems = append(problems, fmt.Errorf("prometheus.scrape-interval %v: want more than 0", s.ScrapeInterval))
	}
	if err := errors.Join(problems...); err != nil {
		return release.Reject("correct the section prometheus", "%w", err)
	}
	return nil
}

// checkAddress never has the address in its error: what is wrong with it may be
// a secret in it.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("prometheus.url: want an address such as http://prometheus:9090")
	case u.User != nil:
		return errors.New("prometheus.url has credentials in it: put them under user and password, or token")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("prometheus.url has a query in it: want the address alone")
	}
	return nil
}

// Server is a Prometheus server. It is safe for concurrent use.
type Server struct {
	client  api.Client
	name    string // for messages
	timeout time.Duration
}

// New returns the server that the settings describe. It asks nothing yet.
func New(s Settings) (*Server, error) {
	if s.URL == "" {
		return nil, release.Reject("set prometheus.url, or the input prometheus-url; without a Prometheus server, list services under scrape.services", "prometheus.url is missing")
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: s.URL, Client: &http.Client{
		Transport:     &transport{base: http.DefaultTransport, settings: s},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}})
	if err != nil {
		return nil, release.Reject("set prometheus.url to an address", "prometheus.url: not an address")
	}
	return &Server{client: client, name: s.URL, timeout: s.Timeout}, nil
}

var errSlow = errors.New("no answer in time")

// Query evaluates one instant query at the server's present time.
func (s *Server) Query(ctx context.Context, promql string) (gate.Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, errSlow)
	defer cancel()
	result, err := s.query(ctx, promql)
	if err != nil {
		return gate.Result{}, fmt.Errorf("query Prometheus at %s: %w", s.name, err)
	}
	return result, nil
}

// Healthy asks for a constant, which shows that the server evaluates queries and
// takes the credentials, and returns how far its clock is ahead of ours.
func (s *Server) Healthy(ctx context.Context) (ahead time.Duration, err error) {
	result, err := s.Query(ctx, "vector(1)")
	switch {
	case err != nil:
		return 0, release.CannotTell("start Prometheus, or correct the section prometheus", "%w", err)
	case len(result.Series) != 1 || result.Series[0].Value != 1:
		return 0, release.CannotTell("point prometheus.url at a Prometheus server", "query Prometheus at %s: vector(1) is not 1", s.name)
	}
	return time.Until(result.At), nil
}
