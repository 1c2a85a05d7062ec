package githubtest

import (
	"cmp"
	"net/http"
	"slices"
)

func (s *State) run(id int64) (Run, bool) {
	i := slices.IndexFunc(s.Runs, func(run Run) bool { return run.ID == id })
	if i < 0 {
		return Run{}, false
	}
	return s.Runs[i], true
}

func getRun(s *State, r *http.Request) reply {
	run, ok := s.run(pathID(r, "run_id"))
	if !ok {
		return missing()
	}
	return found(s.show(run, r))
}

// listRuns answers the newest first, of one commit where it is asked for.
func listRuns(s *State, r *http.Request) reply {
	sha, all := r.URL.Query().Get("head_sha"), []object{}
	for _, run := range slices.Backward(s.Runs) {
		if sha == "" || sha == run.Commit {
			all = append(all, s.show(run, r))
		}
	}
	return list(all).under("workflow_runs")
}

func (s *State) show(run Run, r *http.Request) object {
	o := object{
		"id": run.ID, "name": cmp.Or(run.Name, "Release"), "head_sha": run.Commit, "head_branch": s.branch(), "run_number": 1,
		"workflow_id": idOf("workflow " + cmp.Or(run.File, run.Name, "Release")),
		"run_attempt": cmp.Or(run.Attempt, 1), "event": cmp.Or(run.Event, "workflow_dispatch"),
		"status": cmp.Or(run.Status, "in_progress"), "conclusion": nil, "created_at": stamp(epoch), "updated_at": stamp(epoch),
		"actor": user(run.Actor), "triggering_actor": user(cmp.Or(run.Trigger, run.Actor)),
		"url": apiURL(r, "/repos/%s/actions/runs/%d", s.Repository, run.ID), "pull_requests": []object{},
	}
	if run.Status == "completed" {
		o["conclusion"] = run.Conclusion
	}
	return o
}

// approvals answers the run's history. GitHub gives no time, attempt or job of
// an approval: created_at is the environment's.
func approvals(s *State, r *http.Request) reply {
	run, ok := s.run(pathID(r, "run_id"))
	if !ok {
		return missing()
	}
	all := []object{}
	for _, a := range s.Approvals {
		if a.Run == run.ID {
			all = append(all, object{
				"state": a.State, "comment": a.Comment, "user": user(a.User),
				"environments": []object{{
					"id": idOf("environment " + a.Environment), "name": a.Environment, "node_id": "EN_" + a.Environment,
					"created_at": stamp(epoch), "updated_at": stamp(epoch),
				}},
			})
		}
	}
	return found(all)
}
