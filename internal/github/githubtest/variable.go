package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// variables is the ones of the environment that a request names.
func (s *State) variables(r *http.Request) (map[string]string, bool) {
	i := s.indexOf(r.PathValue("environment_name"))
	if i < 0 {
		return nil, false
	}
	if s.Environments[i].Variables == nil {
		s.Environments[i].Variables = map[string]string{}
	}
	return s.Environments[i].Variables, true
}

func listVariables(s *State, r *http.Request) reply {
	all, ok := s.variables(r)
	if !ok {
		return missing()
	}
	items := []object{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		items = append(items, object{"name": name, "value": all[name], "created_at": stamp(epoch), "updated_at": stamp(epoch)})
	}
	return list(items).under("variables")
}

// addVariable refuses one that is there, as GitHub does.
func addVariable(s *State, r *http.Request) reply {
	all, ok := s.variables(r)
	if !ok {
		return missing()
	}
	body := sent(r)
	name, value := strings.ToUpper(body["name"].(string)), body["value"].(string)
	if _, has := all[name]; has {
		return problem(http.StatusConflict, "Already exists - Variable already exists")
	}
	all[name] = value
	return made(object{})
}

func setVariable(s *State, r *http.Request) reply {
	all, ok := s.variables(r)
	name := strings.ToUpper(r.PathValue("name"))
	if _, has := all[name]; !ok || !has {
		return missing()
	}
	if value, ok := sent(r)["value"].(string); ok {
		all[name] = value
	}
	return done()
}
