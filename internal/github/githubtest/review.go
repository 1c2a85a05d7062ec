package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// noCommit is what GitHub says of a commit that it does not know, where it does
// not say 404.
func noCommit(ref string) reply {
	return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+ref)
}

func pullsOfCommit(s *State, r *http.Request) reply {
	sha, ok := s.resolve(r.PathValue("commit_sha"))
	if !ok {
		return noCommit(r.PathValue("commit_sha"))
	}
	var all []object
	for _, p := range s.PullRequests {
		if p.Head == sha || slices.Contains(p.Commits, sha) {
			all = append(all, s.pull(p, r))
		}
	}
	return list(all)
}

func (s *State) pull(p PullRequest, r *http.Request) object {
	o := object{
		"id": idOf(fmt.Sprint("pull ", p.Number)), "number": p.Number, "state": "open", "draft": false, "locked": false,
		"title": fmt.Sprint("Pull request ", p.Number), "user": user(p.Author), "merged_at": nil, "merge_commit_sha": nil,
		"head": object{"sha": p.Head, "ref": fmt.Sprint("change-", p.Number)}, "base": object{"ref": p.Base},
		"created_at": stamp(epoch), "url": apiURL(r, "/repos/%s/pulls/%d", s.Repository, p.Number),
	}
	if p.Merged {
		o["state"], o["merged_at"] = "closed", stamp(epoch)
	}
	return o
}

func reviews(s *State, r *http.Request) reply {
	i := slices.IndexFunc(s.PullRequests, func(p PullRequest) bool { return int64(p.Number) == pathID(r, "pull_number") })
	if i < 0 {
		return missing()
	}
	var all []object
	for n, v := range s.PullRequests[i].Reviews {
		all = append(all, object{
			"id": n + 1, "user": user(v.User), "state": v.State, "commit_id": v.Commit, "body": "",
			"submitted_at": stamp(v.At), "author_association": cmp.Or(v.Association, "MEMBER"),
		})
	}
	return list(all)
}

// checkRuns answers the latest check run of each name, as GitHub does unless it
// is asked for all.
func checkRuns(s *State, r *http.Request) reply {
	sha, ok := s.resolve(r.PathValue("ref"))
	if !ok {
		return noCommit(r.PathValue("ref"))
	}
	var all []object
	for i, c := range s.CheckRuns {
		if c.Commit == sha && (r.URL.Query().Get("filter") == "all" || !s.repeated(i)) {
			all = append(all, s.check(i, c, r))
		}
	}
	return list(all).under("check_runs")
}

// repeated reports whether a later check run has the commit, name and suite of
// the check run i.
func (s *State) repeated(i int) bool {
	return slices.ContainsFunc(s.CheckRuns[i+1:], func(c CheckRun) bool {
		return c.Commit == s.CheckRuns[i].Commit && c.Name == s.CheckRuns[i].Name && c.Run == s.CheckRuns[i].Run
	})
}

func (s *State) check(i int, c CheckRun, r *http.Request) object {
	o := object{
		"id": i + 1, "head_sha": c.Commit, "name": c.Name, "status": c.Status, "conclusion": nil,
		"started_at": stamp(epoch), "completed_at": nil, "check_suite": object{"id": c.Run + 1000},
		"app": object{"id": cmp.Or(c.App, Actions)},
		"url": apiURL(r, "/repos/%s/check-runs/%d", s.Repository, i+1), "details_url": "https://checks.example.com/1",
	}
	if c.Run != 0 {
		o["details_url"] = fmt.Sprintf("https://github.com/%s/actions/runs/%d/job/%d", s.Repository, c.Run, i+1)
	}
	if c.Status == "completed" {
		o["conclusion"], o["completed_at"] = c.Conclusion, stamp(epoch)
	}
	return o
}
