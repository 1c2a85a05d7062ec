package githubtest

import "time"

// State is all that the stand-in knows. The zero value is a GitHub without a
// repository.
type State struct {
	Repository    string // owner/name; every other one is 404
	Private       bool   // without a token a private repository is 404
	DefaultBranch string // "main" when empty
	Token         string // the only token that is accepted; when empty, any is

	Branches     map[string]string // name to head commit
	Commits      []Commit
	PullRequests []PullRequest
	CheckRuns    []CheckRun
	Environments []Environment
	Runs         []Run
	Approvals    []Approval
	Deployments  []Deployment
}

// Commit is a node of the history.
type Commit struct {
	SHA     string
	Parents []string
}

// PullRequest is a pull request and the commits that belong to it.
type PullRequest struct {
	Number  int
	Author  string
	Base    string // the branch that it goes to
	Head    string // the head commit
	Merged  bool
	Commits []string // that GitHub associates with it, the merge commit among them
	Reviews []Review
}

// Review is a review of a pull request, in the order of submission.
type Review struct {
	User   string
	State  string // APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED
	Commit string
	At     time.Time
}

// CheckRun is a check on a commit.
type CheckRun struct {
	Name       string
	Commit     string
	Status     string // queued, in_progress or completed
	Conclusion string // of a completed one, such as success
	Run        int64  // the workflow run that it belongs to; 0 for another app's
}

// Environment is an environment and its protection rules. GitHub creates one
// without any rules when a job names it: only Name is set then.
type Environment struct {
	Name              string
	Users             []string // required reviewers
	Teams             []string // required reviewers, by slug
	Reviewed          bool     // a rule for reviewers exists, even with an empty list
	PreventSelfReview bool
	WaitMinutes       int
	AdminsMayBypass   bool
	BranchPolicy      string // "", "protected" or "custom"
}

// Run is a workflow run.
type Run struct {
	ID      int64
	Attempt int // 1 when 0
	Commit  string
	Event   string // workflow_dispatch when empty
	Actor   string
	Trigger string // who started this attempt; Actor when empty
}

// Approval is an entry of a run's approval history.
type Approval struct {
	Run         int64
	Environment string
	State       string // approved, rejected or pending
	User        string
	Comment     string
}

// Deployment is a deployment and the states it went through, oldest first.
type Deployment struct {
	ID          int64
	Environment string
	Commit      string
	Creator     string
	Statuses    []DeploymentStatus
}

// DeploymentStatus is one state of a deployment.
type DeploymentStatus struct {
	State string // such as waiting, in_progress, success, failure
	At    time.Time
}
