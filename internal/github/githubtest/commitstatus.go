package githubtest

import "net/http"

// CommitStatus is what a system outside of GitHub Actions says of a commit.
type CommitStatus struct {
	Commit  string
	Context string
	State   string // pending, success, failure or error
}

// commitStatus answers the latest status of each context.
func commitStatus(s *State, r *http.Request) reply {
	sha, ok := s.resolve(r.PathValue("ref"))
	if !ok {
		return noCommit(r.PathValue("ref"))
	}
	latest, order := map[string]string{}, []string{}
	for _, one := range s.Statuses {
		if one.Commit != sha {
			continue
		}
		if _, seen := latest[one.Context]; !seen {
			order = append(order, one.Context)
		}
		latest[one.Context] = one.State
	}
	all := make([]object, len(order))
	for i, context := range order {
		all[i] = object{"id": i + 1, "context": context, "state": latest[context], "created_at": stamp(epoch), "updated_at": stamp(epoch)}
	}
	answer := list(all).under("statuses")
	answer.beside = object{"sha": sha, "state": "pending"}
	return answer
}
