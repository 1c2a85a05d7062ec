package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// getUser answers a person; a name that Users does not list is nobody's, unless
// it lists none.
func getUser(s *State, r *http.Request) reply {
	login := r.PathValue("username")
	if s.Users != nil && !slices.ContainsFunc(s.Users, func(u string) bool { return strings.EqualFold(u, login) }) {
		return missing()
	}
	o := user(login)
	o["user_view_type"] = "public"
	return found(o)
}

func getTeam(s *State, r *http.Request) reply {
	owner, _, _ := strings.Cut(s.Repository, "/")
	slug := r.PathValue("team_slug")
	if !strings.EqualFold(owner, r.PathValue("org")) || !slices.Contains(s.Teams, slug) {
		return missing()
	}
	return found(team(slug))
}
