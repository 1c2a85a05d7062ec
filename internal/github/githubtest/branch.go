package githubtest

import "net/http"

// getBranch answers what everybody may know of the branch's protection: the
// names of the checks, not who may push.
func getBranch(s *State, r *http.Request) reply {
	head, ok := s.resolve(r.PathValue("branch"))
	if !ok {
		return problem(http.StatusNotFound, "Branch not found")
	}
	level := "off"
	if len(s.ProtectedChecks) > 0 {
		level = "non_admins"
	}
	return found(object{
		"name": r.PathValue("branch"), "commit": commit(head), "protected": len(s.ProtectedChecks) > 0,
		"protection": object{"enabled": len(s.ProtectedChecks) > 0, "required_status_checks": object{
			"enforcement_level": level, "contexts": nonNil(s.ProtectedChecks), "checks": s.byApp(s.ProtectedChecks),
		}},
	})
}

// branchRules answers the rules of all rulesets that hold for a branch: here, one
// ruleset for each check.
func branchRules(s *State, _ *http.Request) reply {
	rules := []object{}
	for i, name := range s.RuledChecks {
		rules = append(rules, object{
			"type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_source": s.Repository, "ruleset_id": i + 1,
			"parameters": object{"required_status_checks": []object{s.ruled(name)}, "strict_required_status_checks_policy": false},
		})
	}
	return list(rules)
}

// byApp names the checks with the apps that have to say so.
func (s *State) byApp(names []string) []object {
	all := []object{}
	for _, name := range names {
		one := object{"context": name, "app_id": nil}
		if app := s.CheckApps[name]; app != 0 {
			one["app_id"] = app
		}
		all = append(all, one)
	}
	return all
}

func (s *State) ruled(name string) object {
	if app := s.CheckApps[name]; app != 0 {
		return object{"context": name, "integration_id": app}
	}
	return object{"context": name}
}

func nonNil(names []string) []string { return append([]string{}, names...) }
