package github

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// problem says what an error of the API means. needs is the permission that the
// job must have.
func problem(ctx context.Context, err error, needs, format string, args ...any) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	hint, why := "look at https://www.githubstatus.com, then re-run the job", err
	if limit, ok := errors.AsType[*github.RateLimitError](err); ok {
		hint = "re-run the job after " + limit.Rate.Reset.UTC().Format(time.TimeOnly) + " UTC"
		why = errors.New("GitHub's rate limit is used up")
	} else if _, ok := errors.AsType[*github.AbuseRateLimitError](err); ok {
		hint, why = "wait some minutes, then re-run the job", errors.New("GitHub's secondary rate limit is reached")
	} else if answer, ok := errors.AsType[*github.ErrorResponse](err); ok {
		why = errors.New(http.StatusText(answer.Response.StatusCode) + ": " + answer.Message)
		switch answer.Response.StatusCode {
		case http.StatusUnauthorized:
			hint = "pass the job's token: ${{ github.token }}"
		case http.StatusForbidden, http.StatusNotFound:
			hint = permit(answer.Response.Header.Get("X-Accepted-GitHub-Permissions"), needs)
		}
	}
	return release.CannotTell(hint, format+": %w", append(args, why)...)
}

// elsewhere is what no workflow's own token can be given.
var elsewhere = []string{"administration", "environments", "members", "secret-scanning-alerts"}

// permit says which line to add, by GitHub's own word where it gave one: of
// "actions=read; contents=read,checks=read" the first alternative.
func permit(header, needs string) string {
	if first, _, _ := strings.Cut(header, ";"); first != "" {
		needs = strings.NewReplacer("_", "-", "=", ": ", ",", ", ").Replace(strings.TrimSpace(first))
	}
	for _, scope := range elsewhere {
		if strings.Contains(needs, scope+":") {
			return "use a fine-grained token, or one of a GitHub App, with " + needs + ": a workflow's own token cannot have it"
		}
	}
	if strings.Contains(needs, "vulnerability-alerts:") { // rollout.yml's job has none, and nobody who calls it can add one
		return "set preflight.alerts-token to a fine-grained token with " + needs + "; a job of your own may have it among its permissions"
	}
	return "give the job permissions: " + needs
}

func notFound(err error) bool {
	answer, ok := errors.AsType[*github.ErrorResponse](err)
	return ok && answer.Response.StatusCode == http.StatusNotFound
}
