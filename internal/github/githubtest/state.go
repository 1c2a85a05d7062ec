package githubtest

import "time"

// State is all that the stand-in knows. The zero value is a GitHub without a
// repository.
type State struct {
	Repository    string // owner/name; every other one is 404
	Private       bool   // without a token a private repository is 404
	DefaultBranch string // "main" when empty
	Token         string // the only token that is accepted; when empty, any is

	// Now is the time of what a request creates; when nil, one and the same time.
	Now func() time.Time

	// Permissions of the token, as a workflow writes them, such as actions: read;
	// when nil, it has them all.
	Permissions map[string]string

	Branches     map[string]string // name to head commit
	Commits      []Commit
	PullRequests []PullRequest
	CheckRuns    []CheckRun
	Statuses     []CommitStatus
	Environments []Environment
	Runs         []Run
	Approvals    []Approval
	Deployments  []Deployment
	Releases     []Release

	Poor            bool             // the owner's plan has no required reviewers
	ProtectedChecks []string         // checks that the protection of every branch requires
	RuledChecks     []string         // checks that rulesets require, one each
	CheckApps       map[string]int64 // of these checks, the GitHub Apps that have to say so; anybody where there is none
	CodeScanning    Scanner
	Dependabot      Scanner
	SecretScanning  Scanner
	Users           []string // who has an account; when nil, everybody
	Teams           []string // teams of the owner, by slug
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

	Association string // with the repository, such as NONE; MEMBER where it is empty
}

// Actions is the GitHub App of GitHub Actions.
const Actions int64 = 15368

// CheckRun is a check on a commit.
type CheckRun struct {
	Name       string
	Commit     string
	Status     string // queued, in_progress or completed
	Conclusion string // of a completed one, such as success
	Run        int64  // the workflow run that it belongs to; 0 for another app's
	App        int64  // the GitHub App; 0 for that of GitHub Actions
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
	BranchPolicy      string   // "", "protected" or "custom"
	Branches, Tags    []string // patterns of a custom branch policy
	Variables         map[string]string
}

// Run is a workflow run.
type Run struct {
	ID      int64
	Name    string // of the workflow; Release when empty
	File    string // of the workflow; as its name when empty
	Attempt int    // 1 when 0
	Commit  string
	Event   string // workflow_dispatch when empty
	Actor   string
	Trigger string // who started this attempt; Actor when empty

	Status, Conclusion string // in_progress when empty, and of one that is completed, such as success
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
	Task        string // deploy when empty
	Payload     any
	Statuses    []DeploymentStatus
}

// DeploymentStatus is one state of a deployment.
type DeploymentStatus struct {
	State       string // such as waiting, in_progress, success, failure
	At          time.Time
	Description string
	Log, URL    string // of the run, and of what was deployed
}
