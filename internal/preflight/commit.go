package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// History is where a commit comes from.
type History interface {
	// Standing compares a commit with the head of a branch; "" is the default
	// branch.
	Standing(ctx context.Context, branch string, commit release.Commit) (Standing, error)
	PullRequests(ctx context.Context, commit release.Commit) ([]PullRequest, error)
	// Checks returns the latest result of every check, commit status and workflow
	// on a commit.
	Checks(ctx context.Context, commit release.Commit) ([]Check, error)
	// Required lists the checks that a branch's own rules require; "" is the
	// default branch.
	Required(ctx context.Context, branch string) ([]Requirement, error)
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
	Base    string   // the branch that it goes to
	Head    string   // the commit that was last reviewed, or should have been
	Reviews []Review // oldest first
}

// Review is somebody's opinion of a pull request.
type Review struct {
	By     string
	State  string // APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED
	Commit string
}

// Check is the latest result of a check, a commit status or a workflow on a commit.
type Check struct {
	Name       string
	Done       bool
	Conclusion string // of a check that is done, such as success
	Run        int64  // the workflow run that it belongs to, if any
	App        int64  // the GitHub App that says so; 0 for a commit status and a workflow
}

// Requirement is a check that has to succeed.
type Requirement struct {
	Name string
	App  int64 // the GitHub App that has to say so, since anybody may use its name; 0 for whoever does
}

// String names the app only where there is one.
func (r Requirement) String() string {
	if r.App == 0 {
		return r.Name
	}
	return fmt.Sprintf("%s of GitHub App %d", r.Name, r.App)
}

func (r Requirement) is(c Check) bool { return c.Name == r.Name && (r.App == 0 || c.App == r.App) }

// named are requirements that anybody may meet.
func named(checks []string) []Requirement {
	all := make([]Requirement, len(checks))
	for i, name := range checks {
		all[i].Name = name
	}
	return all
}

// Commit returns the probes of the commit itself: that it is on the branch, was
// approved by somebody else on its way there, and that the required checks and the named tests have
// succeeded. run is the own run, whose checks do not count.
func Commit(history History, s Settings, commit release.Commit, run int64) []Probe {
	c := commitLook{History: history, settings: s, commit: commit, run: run, results: &results{}}
	all := []Probe{
		{Name: "branch", Evidence: []string{"A.1.1"}, Remedy: "merge the commit first", Look: c.branch},
		{Name: "review", Evidence: []string{"A.1.2"}, Remedy: "let somebody else approve the pull request of the commit, and merge it", Look: c.review},
		{Name: "checks", Evidence: []string{"A.1.3"}, Remedy: "make the checks succeed on this commit", Timeout: s.ChecksTimeout, Look: c.required},
	}
	return append(all, c.tests()...)
}

type commitLook struct {
	History
	settings Settings
	commit   release.Commit
	run      int64
	results  *results
}

func (c commitLook) branch(ctx context.Context) (string, error) {
	s, err := c.Standing(ctx, c.settings.Branch, c.commit)
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
	pulls, err := c.PullRequests(ctx, c.commit)
	if err != nil {
		return "", err
	}
	s, err := c.Standing(ctx, c.settings.Branch, c.commit) // for the name of the default branch
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("commit %s belongs to no merged pull request into %s", c.commit.Short(), s.Branch)
	for _, p := range pulls {
		if !p.Merged || p.Base != s.Branch {
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
	var by, stale []string
	for _, who := range slices.Sorted(maps.Keys(last)) {
		switch r := last[who]; {
		case r.State == "CHANGES_REQUESTED":
			return nil, fmt.Errorf("pull request %d: %s asks for changes", p.Number, who)
		case r.State != "APPROVED" || strings.EqualFold(who, p.Author) || strings.HasSuffix(who, "[bot]"):
		case r.Commit != p.Head:
			stale = append(stale, fmt.Sprintf("%s approved %s", who, release.Commit(r.Commit).Short()))
		default:
			by = append(by, who)
		}
	}
	if len(by) > 0 {
		return by, nil
	}
	err := fmt.Errorf("pull request %d was approved by nobody of the repository but its author at the commit that was merged", p.Number)
	if len(stale) > 0 {
		err = fmt.Errorf("%w, %s: %s", err, release.Commit(p.Head).Short(), strings.Join(stale, ", "))
	}
	return nil, err
}
