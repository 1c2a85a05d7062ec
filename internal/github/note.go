package github

import (
	"context"
	"regexp"
	"slices"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// Notes are kept as states of deployments: they outlive the runner, nobody but a
// token of the repository writes them, and the page of the environment shows them.

var _ signoff.Notebook = (*Repository)(nil)

// Notes reads every note about a commit in an environment.
func (r *Repository) Notes(ctx context.Context, environment string, commit release.Commit) ([]signoff.Note, error) {
	all, err := r.Deployments(ctx, environment, commit)
	if err != nil {
		return nil, err
	}
	var notes []signoff.Note
	for _, d := range all {
		for _, s := range d.Statuses {
			if s.Description != "" {
				notes = append(notes, signoff.Note{Text: s.Description, At: s.At})
			}
		}
	}
	return notes, nil
}

// Note adds a note to the deployment that GitHub made for the job of the own run:
// another run of the commit may wait in the environment, too. A job of another kind
// has none, so that one is announced.
func (r *Repository) Note(ctx context.Context, environment string, commit release.Commit, text string) error {
	all, err := r.Deployments(ctx, environment, commit)
	if err != nil {
		return err
	}
	for _, d := range all {
		if i := slices.IndexFunc(d.Statuses, r.own); i >= 0 {
			return r.Mark(ctx, d.ID, Status{State: "in_progress", Description: text, Log: d.Statuses[i].Log, URL: d.Statuses[i].URL})
		}
	}
	id, err := r.deploy(ctx, environment, commit, "bluegreen:sign-off", text, nil)
	if err != nil {
		return err
	}
	return r.Mark(ctx, id, Status{State: "success", Description: text})
}

var logOfRun = regexp.MustCompile(`/actions/runs/([0-9]+)(/|$)`)

// own reports whether a state was set by a job of the own run.
func (r *Repository) own(s Status) bool {
	m := logOfRun.FindStringSubmatch(s.Log)
	return m != nil && r.run > 0 && m[1] == strconv.FormatInt(r.run, 10)
}
