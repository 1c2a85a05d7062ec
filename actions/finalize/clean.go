package finalize

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// left is what the plan wants to be removed, too, and who removes it.
var left = map[string]string{
	"D.2.3": "each phase removes its own temporary files when it ends; others are not looked at",
	"D.2.6": "images in the registry are left to its own retention: a digest can have a name elsewhere",
	"D.2.7": "backups are kept as database.backup.keep and keep-for have it, by migrate",
	"D.2.8": "artifacts are kept for as long as the settings of the repository have it",
}

// tidy removes what is due. What is not due yet fails, unless it was asked for what is.
func tidy(ctx context.Context, job *action.Job, b traffic.Balancer, stage Stage) (outputs, error) {
	if wrong := job.Passed.In("images", "cleanup"); len(wrong) > 0 {
		return outputs{}, release.Reject("correct it; nothing was removed", "clean up: %w", wrong)
	}
	c := cleanup.Cleaner{
		Settings: job.Config.Cleanup, Balancer: b, Dry: job.DryRun, Found: job.Findings,
		Slot: func(ctx context.Context, s release.Slot) (*slot.Environment, error) { return connect.Slot(ctx, job, s) },
	}
	for _, one := range job.Config.Images {
		c.Repositories = append(c.Repositories, image.Repository(one.Repository))
	}
	var out outputs
	done := map[Stage]cleanup.Done{}
	for _, step := range []struct {
		stage Stage
		do    func(context.Context) (cleanup.Done, error)
	}{{Clean, c.Clean}, {Destroy, c.Destroy}} {
		if stage != step.stage && stage != Due {
			continue
		}
		d, err := step.do(ctx)
		if err == nil || d.Count() > 0 { // what went before it was stopped is gone
			done[step.stage] = d
			show(job, step.stage, d, err)
			if !job.DryRun {
				out.Removed += d.Count()
			}
		}
		if soon, ok := errors.AsType[*cleanup.NotDue](err); ok && stage == Due {
			wait(job, step.stage, soon)
		} else if err != nil {
			job.Page.Verdict(summary.Bad, "%s: stopped", step.stage)
			return out, errors.Join(fmt.Errorf("%s: %w", step.stage, err), job.Report("cleanup.json", done))
		}
	}
	if len(done) == 0 {
		return out, nil
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		job.Findings.Miss(id, "%s", left[id])
	}
	return out, job.Report("cleanup.json", done)
}

// wait says why there is nothing to do, and warns of what would stay so for ever.
func wait(job *action.Job, stage Stage, soon *cleanup.NotDue) {
	if soon.Stale == "" {
		job.Page.Verdict(summary.Skip, "%s: nothing to do: %s", stage, soon.Why)
		return
	}
	job.Page.Verdict(summary.Warn, "%s: nothing to do: %s", stage, soon.Why)
	if stage == Destroy {
		return // clean waits for the same
	}
	job.Page.Next(soon.Stale)
	job.Warn("bluegreen cleanup", soon.Why+"; "+soon.Stale)
}

// show says what went, or would go; beside an error, what went before it.
func show(job *action.Job, stage Stage, d cleanup.Done, err error) {
	mark, tense := summary.Good, "removed"
	switch {
	case err != nil:
		mark, tense = summary.Warn, "removed before it was stopped"
	case job.DryRun:
		mark, tense = summary.Skip, "would be removed"
	}
	var rows [][]string
	for _, c := range d.Containers {
		rows = append(rows, []string{"container", strings.TrimPrefix(c.Name, "/"), string(c.Release())})
	}
	for _, n := range d.Networks {
		rows = append(rows, []string{"network", n.Name, ""})
	}
	size := release.Size(0)
	for _, i := range d.Images {
		size += i.Size
		rows = append(rows, []string{"image", short(i.Name()), i.Size.String()})
	}
	job.Page.Verdict(mark, "%s, after release %s: %d containers, %d networks and %d images (%v) %s", stage, d.Live, len(d.Containers), len(d.Networks), len(d.Images), size, tense)
	job.Page.Table([]string{"what", "name", "of"}, rows)
	if stage == Destroy && err == nil {
		job.Page.Say("%s is free: volumes and addresses stay. There is no way back any more but another release. Contract migrations that waited for what was there go with the next one: bluegreen plan lists them.", d.Slot)
	}
}

// short cuts the host of a registry off: the name may be shown to anybody.
func short(reference string) string {
	if _, name, ok := strings.Cut(reference, "/"); ok {
		return name
	}
	return reference
}
