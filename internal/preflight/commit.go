package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// History is where a commit comes from.
type History interface {
	// Standing compares a commit with the head of a branch; "" is the default
	// branch.
	Standing(ctx context.Context, branch string, commit release.Commit) (Standing, error)
	PullRequests(ctx context.Context, commit release.Commit) ([]PullRequest, error)
	Checks(ctx context.Context, commit release.Commit) ([]Check, error)
}

// Standing is where a commit stands to the head of a branch.
type Standing struct {
	Branch string
	Status string // identical, behind, ahead or diverged
	Behind int    // commits on the branch since
}

// PullRequest is one that a commit belongs to.
type PullRequest struct {
	Number  int
	Author  string
	Merged  bool
	Head    string   // the commit that was last reviewed, or should have been
	Reviews []Review // oldest first
}

// Review is somebody's opinion of a pull request.
type Review struct {
	By     string
	State  string // APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED
	Commit string
}

// Check is the latest result of a check on a commit.
type Check struct {
	Name       string
	Done       bool
	Conclusion string // of a check that is done, such as success
	Run        int64  // the workflow run that it belongs to, if any
}

// Commit returns the probes of the commit itself: that it is on the branch, was
// approved by somebody else, and that the required checks have succeeded. run is
// the own run, whose checks do not count.
func Commit(history History, s Settings, commit release.Commit, run int64) []Probe {
	c := commitLook{history, s, commit, run}
	return []Probe{
		{Name: "branch", Evidence: []string{"A.1.1"}, Remedy: "merge the commit first", Look: c.branch},
		{Name: "review", Evidence: []string{"A.1.2"}, Remedy: "let somebody else approve the pull request of the commit, and merge it", Look: c.review},
		{Name: "checks", Evidence: []string{"A.1.3"}, Remedy: "make the checks succeed on this commit", Timeout: s.ChecksTimeout, Look: c.checks},
	}
}

type commitLook struct {
	history  History
	settings Settings
	commit   release.Commit
	run      int64
}

func (c commitLook) branch(ctx context.Context) (string, error) {
	s, err := c.history.Standing(ctx, c.settings.Branch, c.commit)
	if err != nil {
		return "", err
	}
	if s.Status != "identical" && s.Status != "behind" {
		return "", fmt.Errorf("commit %s is not on %s: it is %s", c.commit.Short(), s.Branch, s.Status)
	}
	return fmt.Sprintf("commit %s is on %s, %d commits behind its head", c.commit.Short(), s.Branch, s.Behind), nil
}

func (c commitLook) review(ctx context.Context) (string, error) {
	if !c.settings.RequireReview {
		return "", Absent("preflight.require-review is off")
	}
	pulls, err := c.history.PullRequests(ctx, c.commit)
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("commit %s belongs to no merged pull request", c.commit.Short())
	for _, p := range pulls {
		if !p.Merged {
			continue
		}
		var by []string
		if by, err = p.approvedBy(); err == nil {
			return fmt.Sprintf("pull request %d by %s was approved by %s", p.Number, p.Author, strings.Join(by, ", ")), nil
		}
	}
	return "", err
}

// approvedBy takes each reviewer's last opinion. A comment is none; an approval
// counts at the head that was merged.
func (p PullRequest) approvedBy() ([]string, error) {
	last := map[string]Review{}
	for _, r := range p.Reviews {
		if r.State != "COMMENTED" && r.State != "PENDING" {
			last[r.By] = r
		}
	}
	var by []string
	for who, r := range last {
		switch {
		case r.State == "CHANGES_REQUESTED":
			return nil, fmt.Errorf("pull request %d: %s asks for changes", p.Number, who)
		case r.State == "APPROVED" && r.Commit == p.Head && !strings.EqualFold(who, p.Author) && !strings.HasSuffix(who, "[bot]"):
			by = append(by, who)
		}
	}
	if len(by) == 0 {
		return nil, fmt.Errorf("pull request %d was approved by nobody but its author at the commit that was merged", p.Number)
	}
	slices.Sort(by)
	return by, nil
}

// between is the pause between two looks at checks that are still running.
const between = 10 * time.Second

// checks waits for the required checks, as long as its context lasts.
func (c commitLook) checks(ctx context.Context) (string, error) {
	names := c.settings.RequiredChecks
	if len(names) == 0 {
		return "", Absent("preflight.required-checks names no check")
	}
	for {
		all, err := c.history.Checks(ctx, c.commit)
		if err != nil {
			return "", err
		}
		running, err := c.judge(all)
		if err != nil {
			return "", err
		}
		if len(running) == 0 {
			return fmt.Sprintf("%d checks succeeded on %s: %s", len(names), c.commit.Short(), strings.Join(names, ", ")), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("still running: %s: %w", strings.Join(running, ", "), context.Cause(ctx))
		case <-time.After(between):
		}
	}
}

// judge returns the required checks that are still running, and refuses ones
// that are missing or did not succeed. Skipped and neutral are no success.
func (c commitLook) judge(all []Check) (running []string, err error) {
	var bad []string
	for _, name := range c.settings.RequiredChecks {
		found := false
		for _, check := range all {
			if check.Name != name || check.Run != 0 && check.Run == c.run {
				continue
			}
			found = true
			switch {
			case !check.Done:
				running = append(running, name)
			case check.Conclusion != "success":
				bad = append(bad, name+": "+check.Conclusion)
			}
		}
		if !found {
			bad = append(bad, name+": no such check")
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("commit %s: %s", c.commit.Short(), strings.Join(bad, ", "))
	}
	return running, nil
}
