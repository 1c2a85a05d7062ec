package githubtest

import "net/http"

// route is an operation of GitHub's API. Its path is written as in GitHub's
// OpenAPI description, and what it takes and answers is held against that.
type route struct {
	method string
	path   string
	needs  string // the permission, as GitHub writes it into its header
	answer func(*State, *http.Request) reply
}

const (
	repository  = "/repos/{owner}/{repo}"
	environment = repository + "/environments/{environment_name}"
)

var routes = []route{
	{"GET", repository, "metadata=read", getRepository},
	{"GET", repository + "/compare/{basehead}", "contents=read", compare},
	{"GET", repository + "/branches/{branch}", "contents=read", getBranch},
	{"GET", repository + "/rules/branches/{branch}", "metadata=read", branchRules},
	{"GET", repository + "/commits/{commit_sha}/pulls", "pull_requests=read", pullsOfCommit},
	{"GET", repository + "/pulls/{pull_number}/reviews", "pull_requests=read", reviews},
	{"GET", repository + "/commits/{ref}/check-runs", "checks=read", checkRuns},
	{"GET", repository + "/commits/{ref}/status", "statuses=read", commitStatus},
	{"GET", repository + "/code-scanning/alerts", "security_events=read", codeAlerts},
	{"GET", repository + "/code-scanning/analyses", "security_events=read", analyses},
	{"GET", repository + "/dependabot/alerts", "vulnerability_alerts=read", dependabotAlerts},
	{"GET", repository + "/secret-scanning/alerts", "secret_scanning_alerts=read", secretAlerts},
	{"GET", repository + "/environments", "actions=read", listEnvironments},
	{"GET", environment, "actions=read", getEnvironment},
	{"PUT", environment, "administration=write", putEnvironment},
	{"GET", environment + "/deployment-branch-policies", "actions=read", listPolicies},
	{"POST", environment + "/deployment-branch-policies", "administration=write", addPolicy},
	{"DELETE", environment + "/deployment-branch-policies/{branch_policy_id}", "administration=write", removePolicy},
	{"GET", environment + "/variables", "environments=read", listVariables},
	{"POST", environment + "/variables", "environments=write", addVariable},
	{"PATCH", environment + "/variables/{name}", "environments=write", setVariable},
	{"GET", repository + "/actions/runs", "actions=read", listRuns},
	{"GET", repository + "/actions/runs/{run_id}", "actions=read", getRun},
	{"GET", repository + "/actions/runs/{run_id}/approvals", "actions=read", approvals},
	{"GET", repository + "/deployments", "deployments=read", deployments},
	{"POST", repository + "/deployments", "deployments=write", addDeployment},
	{"GET", repository + "/deployments/{deployment_id}/statuses", "deployments=read", deploymentStatuses},
	{"POST", repository + "/deployments/{deployment_id}/statuses", "deployments=write", addDeploymentStatus},
	{"GET", "/users/{username}", "", getUser},
	{"GET", "/orgs/{org}/teams/{team_slug}", "members=read", getTeam},
	{"GET", repository + "/releases", "contents=read", listReleases},
	{"GET", repository + "/releases/{release_id}/assets", "contents=read", listAssets},
	{"POST", repository + "/releases/{release_id}/assets", "contents=write", uploadAsset},
	{"DELETE", repository + "/releases/assets/{asset_id}", "contents=write", deleteAsset},
}
