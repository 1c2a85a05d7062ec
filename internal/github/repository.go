package github

import (
	"context"
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
const patience = 30 * time.Second

// Repository reads one repository. It is safe for concurrent use.
type Repository struct {
	client      *github.Client
	owner, name string
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
	client := github.NewClient(&http.Client{Transport: &authorized{host: base.Host, token: token, next: &patient{next: http.DefaultTransport}}})
	client.BaseURL, client.UserAgent = base, "bluegreen"
	return &Repository{client: client, owner: owner, name: name}, nil
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

// get reads what the library has no method for. Parts of the path are escaped.
func (r *Repository) get(ctx context.Context, into any, path ...string) (*github.Response, error) {
	target := "repos/" + url.PathEscape(r.owner) + "/" + url.PathEscape(r.name)
	for _, part := range path {
		target += "/" + url.PathEscape(part)
	}
	req, err := r.client.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return r.client.Do(ctx, req, into)
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
