package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func listEnvironments(s *State, r *http.Request) reply {
	all := make([]object, len(s.Environments))
	for i, e := range s.Environments {
		all[i] = s.environment(e, r)
	}
	return list(all).under("environments")
}

func getEnvironment(s *State, r *http.Request) reply {
	i := s.indexOf(r.PathValue("environment_name"))
	if i < 0 {
		return missing()
	}
	return found(s.environment(s.Environments[i], r))
}

// indexOf finds an environment; GitHub's names have no case.
func (s *State) indexOf(name string) int {
	return slices.IndexFunc(s.Environments, func(e Environment) bool { return strings.EqualFold(e.Name, name) })
}

func (s *State) environment(e Environment, r *http.Request) object {
	o := object{
		"id": idOf("environment " + e.Name), "node_id": "EN_" + e.Name, "name": e.Name,
		"url": apiURL(r, "/repos/%s/environments/%s", s.Repository, e.Name), "html_url": "https://github.com/" + s.Repository,
		"created_at": stamp(epoch), "updated_at": stamp(epoch),
		"can_admins_bypass": e.AdminsMayBypass, "protection_rules": e.rules(), "deployment_branch_policy": nil,
	}
	if e.BranchPolicy != "" {
		o["deployment_branch_policy"] = object{
			"protected_branches": e.BranchPolicy == "protected", "custom_branch_policies": e.BranchPolicy == "custom",
		}
	}
	return o
}

// rules lists the protection rules; one that is not set up is not there.
func (e Environment) rules() []object {
	rules := []object{}
	add := func(kind string, fields object) {
		fields["id"], fields["node_id"], fields["type"] = idOf(kind+e.Name), "GA_"+kind, kind
		rules = append(rules, fields)
	}
	if e.WaitMinutes > 0 {
		add("wait_timer", object{"wait_timer": e.WaitMinutes})
	}
	if e.Reviewed || len(e.Users)+len(e.Teams) > 0 {
		add("required_reviewers", object{"prevent_self_review": e.PreventSelfReview, "reviewers": e.reviewers()})
	}
	if e.BranchPolicy != "" {
		add("branch_policy", object{})
	}
	return rules
}

func (e Environment) reviewers() []object {
	all := []object{}
	for _, login := range e.Users {
		all = append(all, object{"type": "User", "reviewer": user(login)})
	}
	for _, slug := range e.Teams {
		all = append(all, object{"type": "Team", "reviewer": team(slug)})
	}
	return all
}
