package githubtest

import (
	"cmp"
	"net/http"
	"strings"
)

func (s *State) branch() string { return cmp.Or(s.DefaultBranch, "main") }

func getRepository(s *State, r *http.Request) reply {
	owner, name, _ := strings.Cut(s.Repository, "/")
	return found(object{
		"id": idOf(s.Repository), "name": name, "full_name": s.Repository, "owner": user(owner),
		"private": s.Private, "default_branch": s.branch(), "archived": false, "disabled": false,
		"html_url": "https://github.com/" + s.Repository, "url": apiURL(r, "/repos/%s", s.Repository),
	})
}

// resolve turns a branch, a full commit id, or an abbreviated one of at least 7
// digits into a known commit.
func (s *State) resolve(ref string) (string, bool) {
	if head, ok := s.Branches[ref]; ok {
		return head, true
	}
	if ref == s.branch() && len(s.Branches) == 0 && len(s.Commits) > 0 {
		return s.Commits[len(s.Commits)-1].SHA, true
	}
	for _, c := range s.Commits {
		if c.SHA == ref || len(ref) >= 7 && strings.HasPrefix(c.SHA, ref) {
			return c.SHA, true
		}
	}
	return "", false
}

// reach is every commit that is reachable from one, itself included.
func (s *State) reach(sha string) map[string]bool {
	parents := map[string][]string{}
	for _, c := range s.Commits {
		parents[c.SHA] = c.Parents
	}
	seen, open := map[string]bool{}, []string{sha}
	for len(open) > 0 {
		next := open[len(open)-1]
		open = open[:len(open)-1]
		if !seen[next] {
			seen[next] = true
			open = append(open, parents[next]...)
		}
	}
	return seen
}

// compare answers how far head is from base, as git's history has it.
func compare(s *State, r *http.Request) reply {
	base, head, ok := strings.Cut(r.PathValue("basehead"), "...")
	from, knowsBase := s.resolve(base)
	to, knowsHead := s.resolve(head)
	if !ok || !knowsBase || !knowsHead {
		return missing()
	}
	ofBase, ofHead := s.reach(from), s.reach(to)
	ahead, behind := without(ofHead, ofBase), without(ofBase, ofHead)
	return found(object{
		"status": distance(len(ahead), len(behind)), "ahead_by": len(ahead), "behind_by": len(behind),
		"total_commits": len(ahead), "base_commit": commit(from), "merge_base_commit": commit(from), "commits": commits(ahead),
		"url": apiURL(r, "/repos/%s/compare/%s...%s", s.Repository, base, head), "files": []object{},
	})
}

func distance(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	}
	return "identical"
}

func without(set, other map[string]bool) []string {
	var rest []string
	for sha := range set {
		if !other[sha] {
			rest = append(rest, sha)
		}
	}
	return rest
}

func commits(shas []string) []object {
	all := make([]object, len(shas))
	for i, sha := range shas {
		all[i] = commit(sha)
	}
	return all
}

func commit(sha string) object { return object{"sha": sha} }
