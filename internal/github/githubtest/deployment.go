package githubtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// deployments answers the newest first, filtered by environment, commit and task.
func deployments(s *State, r *http.Request) reply {
	environment, sha, task := r.URL.Query().Get("environment"), r.URL.Query().Get("sha"), r.URL.Query().Get("task")
	var all []object
	for _, d := range slices.Backward(s.Deployments) {
		if (environment == "" || strings.EqualFold(environment, d.Environment)) && (sha == "" || sha == d.Commit) && (task == "" || task == cmp.Or(d.Task, "deploy")) {
			all = append(all, s.deployment(d, r))
		}
	}
	return list(all)
}

func (s *State) deployment(d Deployment, r *http.Request) object {
	created := epoch
	if len(d.Statuses) > 0 {
		created = d.Statuses[0].At
	}
	o := object{
		"id": d.ID, "sha": d.Commit, "ref": s.branch(), "task": cmp.Or(d.Task, "deploy"), "environment": d.Environment, "payload": object{},
		"creator": user(d.Creator), "created_at": stamp(created), "updated_at": stamp(created),
		"url":          apiURL(r, "/repos/%s/deployments/%d", s.Repository, d.ID),
		"statuses_url": apiURL(r, "/repos/%s/deployments/%d/statuses", s.Repository, d.ID),
	}
	if d.Payload != nil {
		o["payload"] = d.Payload
	}
	return o
}

// addDeployment refuses what GitHub refuses by itself: a commit with checks
// that did not succeed, unless it is told to look at none.
func addDeployment(s *State, r *http.Request) reply {
	body := sent(r)
	sha, ok := s.resolve(body["ref"].(string))
	if !ok {
		return problem(http.StatusUnprocessableEntity, "No ref found for: "+body["ref"].(string))
	}
	if contexts, given := body["required_contexts"].([]any); !given || len(contexts) > 0 {
		return problem(http.StatusConflict, "Conflict: Commit status checks failed for "+sha)
	}
	name, _ := body["environment"].(string)
	task, _ := body["task"].(string)
	if s.indexOf(name) < 0 { // as GitHub does, and without any protection
		s.Environments = append(s.Environments, Environment{Name: cmp.Or(name, "production"), AdminsMayBypass: true})
	}
	d := Deployment{
		ID: int64(len(s.Deployments) + 1), Environment: cmp.Or(name, "production"), Commit: sha, Creator: "github-actions[bot]",
		Task: task, Payload: body["payload"],
	}
	s.Deployments = append(s.Deployments, d)
	return made(s.deployment(d, r))
}

func (s *State) deploymentOf(r *http.Request) (*Deployment, bool) {
	i := slices.IndexFunc(s.Deployments, func(d Deployment) bool { return d.ID == pathID(r, "deployment_id") })
	if i < 0 {
		return nil, false
	}
	return &s.Deployments[i], true
}

// deploymentStatuses answers the newest first.
func deploymentStatuses(s *State, r *http.Request) reply {
	d, ok := s.deploymentOf(r)
	if !ok {
		return missing()
	}
	all := []object{}
	for n, status := range slices.Backward(d.Statuses) {
		all = append(all, s.status(*d, n, status, r))
	}
	return list(all)
}

func (s *State) status(d Deployment, n int, status DeploymentStatus, r *http.Request) object {
	return object{
		"id": n + 1, "state": status.State, "creator": user(d.Creator), "description": status.Description, "log_url": status.Log,
		"environment_url": status.URL, "environment": d.Environment, "created_at": stamp(status.At), "updated_at": stamp(status.At),
		"deployment_url": apiURL(r, "/repos/%s/deployments/%d", s.Repository, d.ID),
	}
}

// addDeploymentStatus marks the other deployments of the environment inactive
// after a success, unless it is told not to, or the environment is production.
func addDeploymentStatus(s *State, r *http.Request) reply {
	d, ok := s.deploymentOf(r)
	if !ok {
		return missing()
	}
	body := sent(r)
	word := func(key string) string { text, _ := body[key].(string); return text }
	if len([]rune(word("description"))) > 140 {
		return problem(http.StatusUnprocessableEntity, "Validation Failed: description is too long (maximum is 140 characters)")
	}
	status := DeploymentStatus{State: word("state"), At: s.now(), Description: word("description"), Log: word("log_url"), URL: word("environment_url")}
	d.Statuses = append(d.Statuses, status)
	if auto, given := body["auto_inactive"].(bool); status.State == "success" && (auto || !given) && d.Environment != "production" {
		s.retire(d.Environment, d.ID)
	}
	return made(s.status(*d, len(d.Statuses)-1, status, r))
}

func (s *State) retire(environment string, but int64) {
	for i := range s.Deployments {
		d := &s.Deployments[i]
		if d.ID == but || !strings.EqualFold(d.Environment, environment) || len(d.Statuses) == 0 || d.Statuses[len(d.Statuses)-1].State != "success" {
			continue
		}
		d.Statuses = append(d.Statuses, DeploymentStatus{State: "inactive", At: s.now()})
	}
}
