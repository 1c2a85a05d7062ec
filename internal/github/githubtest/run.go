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
	return found(object{
		"id": run.ID, "name": "Release", "head_sha": run.Commit, "head_branch": s.branch(), "run_number": 1,
		"run_attempt": cmp.Or(run.Attempt, 1), "event": cmp.Or(run.Event, "workflow_dispatch"),
		"status": "in_progress", "conclusion": nil, "created_at": stamp(epoch), "updated_at": stamp(epoch),
		"actor": user(run.Actor), "triggering_actor": user(cmp.Or(run.Trigger, run.Actor)),
		"url": apiURL(r, "/repos/%s/actions/runs/%d", s.Repository, run.ID), "pull_requests": []object{},
	})
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
					"id": idOf("environment " + a.Environment), "name": a.Environment,
					"created_at": stamp(epoch), "updated_at": stamp(epoch),
				}},
			})
		}
	}
	return found(all)
}
