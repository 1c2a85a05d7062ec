package githubtest

import "net/http"

// route is an operation of GitHub's API. Its path is written as in GitHub's
// OpenAPI description, so that the two can be held against each other.
type route struct {
	method string
	path   string
	answer func(*State, *http.Request) reply
}

const repository = "/repos/{owner}/{repo}"

var routes = []route{
	{"GET", repository, getRepository},
	{"GET", repository + "/compare/{basehead}", compare},
	{"GET", repository + "/commits/{commit_sha}/pulls", pullsOfCommit},
	{"GET", repository + "/pulls/{pull_number}/reviews", reviews},
	{"GET", repository + "/commits/{ref}/check-runs", checkRuns},
	{"GET", repository + "/environments", listEnvironments},
	{"GET", repository + "/environments/{environment_name}", getEnvironment},
	{"GET", repository + "/actions/runs/{run_id}", getRun},
	{"GET", repository + "/actions/runs/{run_id}/approvals", approvals},
	{"GET", repository + "/deployments", deployments},
	{"GET", repository + "/deployments/{deployment_id}/statuses", deploymentStatuses},
}
