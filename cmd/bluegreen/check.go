package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// check opens everything that the phases would open, as far as that asks nobody,
// and reads the files of nginx where they are on this machine. What the mistakes of
// a section leave of it is looked at as well, so that one round tells all.
func check(ctx context.Context, job *action.Job, _ none) (none, error) {
	var problems []error
	for _, p := range job.Passed {
		problems = append(problems, errors.New(p.String()))
	}
	for _, part := range parts {
		if !untold(job, part.sections...) {
			problems = append(problems, part.look(ctx, job))
		}
	}
	problems = append(problems, migrations(job), builds(job), places(job), asked(job))
	if err := once(problems); err != nil {
		return none{}, release.Reject("correct the configuration; examples/mailblast/.github/bluegreen.yml has all of it", "%w", err)
	}
	job.Page.Verdict(summary.Good, "check: the configuration is complete; preflight looks whether everything answers")
	return none{}, nil
}

// parts is what is opened, and the sections that say how.
var parts = []struct {
	sections []string
	look     func(context.Context, *action.Job) error
}{
	{[]string{"router", "routers", "shift"}, func(_ context.Context, job *action.Job) error { _, err := connect.Balancer(job); return err }},
	{[]string{"router", "routers", "shift"}, outdated},
	{[]string{"prometheus", "scrape", "gates", "shift", "slots"}, func(_ context.Context, job *action.Job) error {
		connect.Unseen(job)
		_, err := connect.Gates(job)
		return err
	}},
	{[]string{"database"}, func(_ context.Context, job *action.Job) error {
		_, err := connect.Database(job.Config.Database, nil)
		return err
	}},
	{[]string{"queue", "database", "router", "routers"}, func(_ context.Context, job *action.Job) error { _, err := connect.Leases(job); return err }},
	{[]string{"smoke"}, func(_ context.Context, job *action.Job) error { _, err := connect.Public(job); return err }},
	{[]string{"shift", "sign-off"}, func(_ context.Context, job *action.Job) error { _, err := connect.Approvers(job); return err }},
	{[]string{"smoke", "sign-off"}, func(_ context.Context, job *action.Job) error { _, err := connect.Items(job); return err }},
}

// untold tells whether sections lack something for a mistake that is reported, so
// that what they seem to miss may be that.
func untold(job *action.Job, sections ...string) bool {
	return slices.ContainsFunc(job.Passed.In(sections...), func(p config.Problem) bool { return !p.Stray() })
}

// wrong tells whether one of some keys is a mistake that is reported.
func wrong(job *action.Job, keys ...string) bool {
	return slices.ContainsFunc(job.Passed, func(p config.Problem) bool { return slices.Contains(keys, p.Key) })
}

// once joins the errors, of those that say the same one.
func once(all []error) error {
	seen := map[string]bool{}
	var kept []error
	for _, err := range all {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()], kept = true, append(kept, err)
		}
	}
	return errors.Join(kept...)
}

// builds refuses an application without images, and images without the files that
// they are built from.
func builds(job *action.Job) error {
	if len(job.Config.Images) == 0 && untold(job, "images") {
		return nil
	}
	if len(job.Config.Images) == 0 {
		return errors.New("images: none is described")
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(job.Config.Images)) {
		key := "images." + name
		if wrong(job, key+".context", key+".dockerfile") {
			continue
		}
		if err := job.Config.Images[name].Present(job.Dir); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(problems...)
}

// migrations refuses a folder whose files could not be applied.
func migrations(job *action.Job) error {
	if job.Config.Database.URL == "" && len(job.Passed.In("database")) == 0 || wrong(job, "database.migrations") {
		return nil
	}
	_, err := migration.Read(job.Path(job.Config.Database.Folder))
	return err
}

// places refuses a slot without a project or with compose files that are not there.
func places(job *action.Job) error {
	var problems []error
	for _, s := range release.Slots {
		place := job.Config.Slots.Of(s)
		if (place.Project == "" || len(place.Compose) == 0) && !untold(job, "slots") {
			problems = append(problems, fmt.Errorf("slots.%s: project and compose: want both", s))
		}
		for _, file := range place.Compose {
			if file == "" && untold(job, "slots") {
				continue // it is one of the mistakes
			}
			if _, err := os.Stat(job.Path(file)); err != nil {
				problems = append(problems, fmt.Errorf("slots.%s.compose: %w", s, err))
			}
		}
	}
	return errors.Join(problems...)
}

// asked refuses a smoke check of a service without an address in both slots.
func asked(job *action.Job) error {
	var problems []error
	for _, c := range job.Config.Smoke.Checks {
		for _, s := range release.Slots {
			if c.Service != "" && !untold(job, "slots") && job.Config.Slots.Of(s).Services[c.Service] == "" {
				problems = append(problems, fmt.Errorf("smoke check %q: slots.%s.services has no %s", c.Name, s, c.Service))
			}
		}
	}
	return errors.Join(problems...)
}
