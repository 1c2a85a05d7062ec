package github

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// patience is how long one question may take, with its repetitions and pages.
const patience = 90 * time.Second

// silence is how long one try may be without an answer.
const silence = 20 * time.Second

// Repository reads one repository. It is safe for concurrent use.
type Repository struct {
	client      *github.Client
	owner, name string
	run         int64 // that it is read for; 0 outside of a run
}

var (
	_ signoff.Source    = (*Repository)(nil)
	_ preflight.History = (*Repository)(nil)
)

// New returns a reader of a repository, written owner/name, through the API at
// apiURL, such as https://api.github.com. It connects to nothing yet.
func New(apiURL string, token release.Secret, repository string) (*Repository, error) {
	base, err := parseAPI(apiURL)
	if err != nil {
		return nil, release.Reject("set GITHUB_API_URL to the address of the API, such as https://api.github.com", "%w", err)
	}
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, release.Reject("set GITHUB_REPOSITORY", "repository %q: want owner/name", repository)
	}
	if token == "" {
		return nil, release.Reject("pass the job's token: ${{ github.token }}", "the token for %s is missing", repository)
	}
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.ResponseHeaderTimeout = silence
	client := github.NewClient(&http.Client{Transport: &authorized{host: base.Host, token: token, next: &patient{next: wire}}})
	client.BaseURL, client.UserAgent = base, "bluegreen"
	return &Repository{client: client, owner: owner, name: name}, nil
}

// For is the repository as one run of it reads it.
func (r *Repository) For(run int64) *Repository {
	own := *r
	own.run = run
	return &own
}

func parseAPI(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("API address %q: want an http or https URL", text)
	}
	if base.Scheme == "http" && !loopback(base.Hostname()) {
		return nil, fmt.Errorf("API address %q: want https, since the token would be readable on the way", text)
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	return base, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ask bounds a question in time.
func ask(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, fmt.Errorf("GitHub gave no answer within %v", patience))
}

// get reads what the library has no method for.
func (r *Repository) get(ctx context.Context, into any, path ...string) (*github.Response, error) {
	return r.call(ctx, http.MethodGet, r.path(path), nil, into)
}

// page reads a page of such a list.
func (r *Repository) page(ctx context.Context, page *github.ListOptions, into any, path ...string) (*github.Response, error) {
	return r.call(ctx, http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", r.path(path), page.PerPage, page.Page), nil, into)
}

// send changes what the library has no method for.
func (r *Repository) send(ctx context.Context, method string, body any, path ...string) (*github.Response, error) {
	return r.call(ctx, method, r.path(path), body, nil)
}

// path is below the repository; its parts are escaped.
func (r *Repository) path(parts []string) string {
	target := "repos/" + url.PathEscape(r.owner) + "/" + url.PathEscape(r.name)
	for _, part := range parts {
		target += "/" + url.PathEscape(part)
	}
	return target
}

func (r *Repository) call(ctx context.Context, method, target string, body, into any) (*github.Response, error) {
	req, err := r.client.NewRequest(method, target, body)
	if err != nil {
		return nil, err
	}
	return r.client.Do(ctx, req, into)
}

// found takes a null for no answer.
func found[T any](answer *T, err error) error {
	if err == nil && answer == nil {
		return errors.New("GitHub answered null")
	}
	return err
}

// pages reads all pages of a list.
func pages[T any](read func(*github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	options := github.ListOptions{PerPage: 100, Page: 1}
	for {
		page, resp, err := read(&options)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if resp.NextPage == 0 {
			return all, nil
		}
		options.Page = resp.NextPage
	}
}
