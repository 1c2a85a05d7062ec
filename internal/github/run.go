package github

import (
	"context"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// Run reads a workflow run.
func (r *Repository) Run(ctx context.Context, id int64) (signoff.Run, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	run, _, err := r.client.Actions.GetWorkflowRunByID(ctx, r.owner, r.name, id)
	if err != nil {
		return signoff.Run{}, problem(ctx, err, "actions: read", "read run %d", id)
	}
	return signoff.Run{
		ID: run.GetID(), Attempt: run.GetRunAttempt(), Commit: release.Commit(run.GetHeadSHA()),
		Actor: run.GetActor().GetLogin(), Trigger: run.GetTriggeringActor().GetLogin(),
	}, nil
}

// review is an entry of a run's history, which may be for several environments.
type review struct {
	State        string `json:"state"`
	Comment      string `json:"comment"`
	Environments []struct {
		Name string `json:"name"`
	} `json:"environments"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// Decisions reads who approved and who rejected jobs of a run.
func (r *Repository) Decisions(ctx context.Context, run int64) ([]signoff.Decision, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	var history []review
	if _, err := r.get(ctx, &history, "actions", "runs", strconv.FormatInt(run, 10), "approvals"); err != nil {
		return nil, problem(ctx, err, "actions: read", "read approvals of run %d", run)
	}
	var all []signoff.Decision
	for _, entry := range history {
		for _, e := range entry.Environments {
			all = append(all, signoff.Decision{Environment: e.Name, State: entry.State, By: entry.User.Login, Comment: entry.Comment})
		}
	}
	return all, nil
}
