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

// putEnvironment replaces the whole protection, and creates what is not there:
// what a request leaves out is gone afterwards.
func putEnvironment(s *State, r *http.Request) reply {
	body, name := sent(r), r.PathValue("environment_name")
	i := s.indexOf(name)
	if i < 0 {
		s.Environments = append(s.Environments, Environment{Name: name, AdminsMayBypass: true})
		i = len(s.Environments) - 1
	}
	e := &s.Environments[i]
	wait, _ := body["wait_timer"].(float64)
	reviewers, _ := body["reviewers"].([]any)
	if s.Poor && (wait > 0 || len(reviewers) > 0) {
		return problem(http.StatusUnprocessableEntity, "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.")
	}
	e.WaitMinutes, e.Users, e.Teams, e.Reviewed = int(wait), nil, nil, false
	e.PreventSelfReview, _ = body["prevent_self_review"].(bool)
	if may, given := body["can_admins_bypass"].(bool); given {
		e.AdminsMayBypass = may
	}
	for _, one := range reviewers {
		if !e.ask(s, one.(object)) {
			return problem(http.StatusUnprocessableEntity, "Could not resolve to a node with the given reviewer id.")
		}
	}
	e.limit(body["deployment_branch_policy"])
	return found(s.environment(*e, r))
}

// ask adds a reviewer by id.
func (e *Environment) ask(s *State, one object) bool {
	id, _ := one["id"].(float64)
	for _, login := range s.Users {
		if one["type"] == "User" && idOf(login) == int64(id) {
			e.Users = append(e.Users, login)
			return true
		}
	}
	for _, slug := range s.Teams {
		if one["type"] == "Team" && idOf("team "+slug) == int64(id) {
			e.Teams = append(e.Teams, slug)
			return true
		}
	}
	return false
}

func (e *Environment) limit(policy any) {
	p, _ := policy.(object)
	switch {
	case p["protected_branches"] == true:
		e.BranchPolicy, e.Branches, e.Tags = "protected", nil, nil
	case p["custom_branch_policies"] == true:
		e.BranchPolicy = "custom"
	default:
		e.BranchPolicy, e.Branches, e.Tags = "", nil, nil
	}
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
