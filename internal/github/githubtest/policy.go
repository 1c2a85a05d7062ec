package githubtest

import (
	"net/http"
	"slices"
)

func listPolicies(s *State, r *http.Request) reply {
	i := s.indexOf(r.PathValue("environment_name"))
	if i < 0 {
		return missing()
	}
	all := []object{}
	for _, name := range s.Environments[i].Branches {
		all = append(all, policy(name, "branch"))
	}
	for _, name := range s.Environments[i].Tags {
		all = append(all, policy(name, "tag"))
	}
	return list(all).under("branch_policies")
}

func policy(name, kind string) object {
	return object{"id": idOf("policy " + kind + name), "node_id": "GA_policy", "name": name, "type": kind}
}

// addPolicy is refused with 404 where the environment has no custom policies.
func addPolicy(s *State, r *http.Request) reply {
	i := s.indexOf(r.PathValue("environment_name"))
	if i < 0 || s.Environments[i].BranchPolicy != "custom" {
		return missing()
	}
	body := sent(r)
	name, kind := body["name"].(string), "branch"
	patterns := &s.Environments[i].Branches
	if body["type"] == "tag" {
		patterns, kind = &s.Environments[i].Tags, "tag"
	}
	if slices.Contains(*patterns, name) {
		return reply{status: http.StatusSeeOther}
	}
	*patterns = append(*patterns, name)
	return found(policy(name, kind))
}

func removePolicy(s *State, r *http.Request) reply {
	i, id := s.indexOf(r.PathValue("environment_name")), pathID(r, "branch_policy_id")
	if i < 0 {
		return missing()
	}
	e := &s.Environments[i]
	e.Branches = slices.DeleteFunc(e.Branches, func(name string) bool { return idOf("policy branch"+name) == id })
	e.Tags = slices.DeleteFunc(e.Tags, func(name string) bool { return idOf("policy tag"+name) == id })
	return done()
}
