package preflight_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// story is a History that answers from fields; each look at the checks takes
// the next of them.
type story struct {
	standing preflight.Standing
	pulls    []preflight.PullRequest
	checks   [][]preflight.Check
	required []preflight.Requirement
	broken   error
}

func (s *story) Standing(context.Context, string, release.Commit) (preflight.Standing, error) {
	return s.standing, s.broken
}

func (s *story) PullRequests(context.Context, release.Commit) ([]preflight.PullRequest, error) {
	return s.pulls, s.broken
}

func (s *story) Checks(context.Context, release.Commit) ([]preflight.Check, error) {
	next := s.checks[0]
	if len(s.checks) > 1 {
		s.checks = s.checks[1:]
	}
	return next, s.broken
}

func (s *story) Required(context.Context, string) ([]preflight.Requirement, error) {
	return s.required, s.broken
}

func review(by, state string) preflight.Review {
	return preflight.Review{By: by, State: state, Commit: "head"}
}

func merged(reviews ...preflight.Review) []preflight.PullRequest {
	return []preflight.PullRequest{{Number: 5, Author: "erin", Merged: true, Base: "main", Head: "head", Reviews: reviews}}
}

func done(name, conclusion string) preflight.Check {
	return preflight.Check{Name: name, Done: true, Conclusion: conclusion}
}

func TestTheCommit(t *testing.T) {
	good := func() *story {
		return &story{
			standing: preflight.Standing{Branch: "main", Status: "behind", Behind: 2},
			pulls:    merged(review("bob", "APPROVED")),
			checks:   [][]preflight.Check{{done("unit", "success"), done("e2e", "success")}},
		}
	}
	tests := []struct {
		sentence string
		change   func(*story, *preflight.Settings)
		probe    int // 0 the branch, 1 the review, 2 the checks
		status   release.Status
		observed string
	}{
		{"it is on the branch", nil, 0, release.Passed, "is on main, 2 commits behind"},
		{"it is ahead of the branch", func(s *story, _ *preflight.Settings) { s.standing.Status = "ahead" }, 0, release.Failed, "is not on main: it is ahead"},
		{"it is beside the branch", func(s *story, _ *preflight.Settings) { s.standing.Status = "diverged" }, 0, release.Failed, "diverged"},
		{"GitHub says something new", func(s *story, _ *preflight.Settings) { s.standing.Status = "" }, 0, release.Failed, "is not on main"},
		{"GitHub cannot be asked", func(s *story, _ *preflight.Settings) { s.broken = errors.New("down") }, 0, release.Failed, "down"},
		{"somebody else approved", nil, 1, release.Passed, "pull request 5 by erin was approved by bob"},
		{"the author approved", func(s *story, _ *preflight.Settings) { s.pulls = merged(review("erin", "APPROVED")) }, 1, release.Failed, "by nobody of the repository but its author"},
		{"a machine approved", func(s *story, _ *preflight.Settings) { s.pulls = merged(review("merge[bot]", "APPROVED")) }, 1, release.Failed, "by nobody"},
		{"an earlier commit was approved", func(s *story, _ *preflight.Settings) {
			s.pulls = merged(preflight.Review{By: "bob", State: "APPROVED", Commit: "before"})
		}, 1, release.Failed, "at the commit that was merged, head: bob approved before"},
		{"somebody asks for changes", func(s *story, _ *preflight.Settings) {
			s.pulls = merged(review("bob", "APPROVED"), review("carol", "CHANGES_REQUESTED"))
		}, 1, release.Failed, "carol asks for changes"},
		{"who asked for changes approved since, and commented", func(s *story, _ *preflight.Settings) {
			s.pulls = merged(review("carol", "CHANGES_REQUESTED"), review("carol", "APPROVED"), review("carol", "COMMENTED"))
		}, 1, release.Passed, "approved by carol"},
		{"the approval was dismissed", func(s *story, _ *preflight.Settings) {
			s.pulls = merged(review("bob", "APPROVED"), review("bob", "DISMISSED"))
		}, 1, release.Failed, "by nobody"},
		{"the pull request is open", func(s *story, _ *preflight.Settings) { s.pulls[0].Merged = false }, 1, release.Failed, "belongs to no merged pull request"},
		{"the approved pull request went to another branch", func(s *story, _ *preflight.Settings) {
			s.pulls[0].Base = "feature/x"
		}, 1, release.Failed, "belongs to no merged pull request into main"},
		{"one to another branch stands beside the reviewed one", func(s *story, _ *preflight.Settings) {
			s.pulls = append([]preflight.PullRequest{{Number: 4, Author: "erin", Merged: true, Base: "feature/x"}}, s.pulls...)
		}, 1, release.Passed, "pull request 5 by erin"},
		{"it was pushed past review", func(s *story, _ *preflight.Settings) { s.pulls = nil }, 1, release.Failed, "belongs to no merged pull request"},
		{"no review is asked for", func(s *story, c *preflight.Settings) { s.pulls, c.RequireReview = nil, false }, 1, release.NotShown, "require-review is off"},
		{"all required checks succeeded", nil, 2, release.Passed, "2 checks succeeded"},
		{"the branch requires what the configuration does not name", func(s *story, c *preflight.Settings) {
			c.RequiredChecks, s.required = nil, []preflight.Requirement{{Name: "unit"}}
		}, 2, release.Passed, "1 checks succeeded"},
		{"anybody has said what one app has to say", func(s *story, c *preflight.Settings) {
			c.RequiredChecks, s.required = nil, []preflight.Requirement{{Name: "unit", App: 15368}}
		}, 2, release.Failed, "unit of GitHub App 15368: no such check"},
		{"the app that has to say it has said so", func(s *story, c *preflight.Settings) {
			c.RequiredChecks, s.required, s.checks[0][0].App = nil, []preflight.Requirement{{Name: "unit", App: 15368}}, 15368
		}, 2, release.Passed, "unit of GitHub App 15368"},
		{"what the branch requires did not run on the merged commit", func(s *story, c *preflight.Settings) {
			c.RequiredChecks, s.required = nil, []preflight.Requirement{{Name: "lint"}}
		}, 2, release.Failed, "lint: no such check"},
		{"the tests of a kind succeeded", func(_ *story, c *preflight.Settings) { c.UnitTests = []string{"unit"} }, 3, release.Passed, "1 checks succeeded"},
		{"the tests of a kind failed", func(s *story, c *preflight.Settings) {
			c.EndToEndTests, s.checks[0][1].Conclusion = []string{"e2e"}, "failure"
		}, 5, release.Failed, "e2e: failure"},
		{"no test of a kind is named", nil, 6, release.NotShown, "preflight.performance-tests names no check"},
		{"no check is required", func(_ *story, c *preflight.Settings) { c.RequiredChecks = nil }, 2, release.NotShown, "names no check"},
		{"a required check does not exist", func(_ *story, c *preflight.Settings) { c.RequiredChecks = []string{"perf"} }, 2, release.Failed, "perf: no such check"},
		{"a required check was skipped", func(s *story, _ *preflight.Settings) { s.checks[0][1].Conclusion = "skipped" }, 2, release.Failed, "e2e: skipped"},
		{"a required check belongs to the own run", func(s *story, _ *preflight.Settings) { s.checks[0][1].Run = 77 }, 2, release.Failed, "e2e: no such check"},
		{"one of two checks of a name failed", func(s *story, _ *preflight.Settings) {
			s.checks[0] = append(s.checks[0], done("e2e", "failure"))
		}, 2, release.Failed, "e2e: failure"},
		{"a check is waited for", func(s *story, _ *preflight.Settings) {
			s.checks = [][]preflight.Check{{done("unit", "success"), {Name: "e2e"}}, {done("unit", "success"), {Name: "e2e"}}, s.checks[0]}
		}, 2, release.Passed, "2 checks succeeded"},
		{"a check never ends", func(s *story, _ *preflight.Settings) { s.checks[0][1].Done = false }, 2, release.Failed, "still running: e2e: no answer within 10m0s"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				history := good()
				settings := preflight.Settings{RequireReview: true, RequiredChecks: []string{"unit", "e2e"}, ChecksTimeout: 10 * time.Minute}
				if test.change != nil {
					test.change(history, &settings)
				}
				probes := preflight.Commit(history, settings, commit, 77)
				r := preflight.Run(t.Context(), time.Minute, probes[test.probe:test.probe+1]).Results[0]
				if r.Status != test.status || !strings.Contains(r.Observed, test.observed) {
					t.Errorf("%q: %s; want %q: %s", r.Status, r.Observed, test.status, test.observed)
				}
			})
		})
	}
}
