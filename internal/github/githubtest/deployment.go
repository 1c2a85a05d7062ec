package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// deployments answers the newest first, filtered by environment and commit.
func deployments(s *State, r *http.Request) reply {
	environment, sha := r.URL.Query().Get("environment"), r.URL.Query().Get("sha")
	var all []object
	for _, d := range slices.Backward(s.Deployments) {
		if (environment == "" || strings.EqualFold(environment, d.Environment)) && (sha == "" || sha == d.Commit) {
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
	return object{
		"id": d.ID, "sha": d.Commit, "ref": s.branch(), "task": "deploy", "environment": d.Environment, "payload": object{},
		"creator": user(d.Creator), "created_at": stamp(created), "updated_at": stamp(created),
		"url":          apiURL(r, "/repos/%s/deployments/%d", s.Repository, d.ID),
		"statuses_url": apiURL(r, "/repos/%s/deployments/%d/statuses", s.Repository, d.ID),
	}
}

// deploymentStatuses answers the newest first.
func deploymentStatuses(s *State, r *http.Request) reply {
	i := slices.IndexFunc(s.Deployments, func(d Deployment) bool { return d.ID == pathID(r, "deployment_id") })
	if i < 0 {
		return missing()
	}
	var all []object
	for n, status := range slices.Backward(s.Deployments[i].Statuses) {
		all = append(all, object{
			"id": n + 1, "state": status.State, "creator": user(s.Deployments[i].Creator), "description": "",
			"environment": s.Deployments[i].Environment, "created_at": stamp(status.At), "updated_at": stamp(status.At),
		})
	}
	return list(all)
}
