package connect

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Settle gives an end to the deployment of a release whose shift could not: its
// runner was lost, it was stopped, or GitHub did not answer it. A release that is held
// goes on, and one that has an end keeps it.
func Settle(ctx context.Context, job *action.Job, environment string) error {
	if environment == "" || job.Release.ID == "" || job.DryRun {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lastWord, fmt.Errorf("GitHub took longer than %v", lastWord))
	defer cancel()
	hub, err := GitHub(job)
	if err != nil {
		return err
	}
	a := &Announcement{job: job, hub: hub, environment: environment}
	all, err := hub.Releases(ctx, environment)
	for _, d := range all {
		if d.Release != job.Release.ID {
			continue
		}
		state, text := settled(job, d.State())
		if state == "" {
			return nil
		}
		a.id = d.ID
		err = hub.Mark(ctx, d.ID, github.Status{State: state, Description: job.Redact(text), Log: job.Runner.URL(), URL: shownAt(d)})
		if err == nil && state == "success" {
			a.retire(ctx)
		}
		return err
	}
	return err
}

// shownAt is where the shift has said that the application is.
func shownAt(d github.Deployment) string {
	if len(d.Statuses) == 0 {
		return ""
	}
	return d.Statuses[0].URL
}

// settled is what the record of the release says of its end, for a deployment in this
// state; nothing for one that is held, or that has an end. A shift that was stopped
// said so, and not what became of the traffic after that.
func settled(job *action.Job, have string) (state, text string) {
	if have != "" && have != "in_progress" && have != "error" {
		return "", ""
	}
	switch s := job.Release.Shifted; {
	case s == nil && have != "error":
		return "failure", "the shift did not say how it ended; see the run"
	case s == nil:
		return "", ""
	case s.RolledBack:
		return ending(job, &traffic.Log{Outcome: traffic.RolledBack, Good: job.Release.Good, Reason: s.Reason})
	case s.Weight == 100:
		return ending(job, &traffic.Log{Outcome: traffic.Shifted, Candidate: job.Release.Candidate})
	}
	return "", ""
}
