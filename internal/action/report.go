package action

import (
	"errors"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// reporter is the edge: the one place that reports an error, once.
type reporter struct {
	phase Phase
	run   *runner.Runner
	job   *Job
}

// finish writes outputs, summary and annotation, and returns the exit status.
func (r reporter) finish(out any, err error) int {
	outputs, problem := r.phase.outputs(r.job, out, err)
	err = errors.Join(err, problem)
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		outputs[name] = r.job.redact(outputs[name])
		err = errors.Join(err, r.run.SetOutput(name, outputs[name]))
	}
	page := r.page(err)
	err = errors.Join(err, r.run.AddSummary(page), r.keep(page, outputs))
	if err != nil {
		r.annotate(err)
	}
	return release.ExitStatus(err)
}

// keep writes the summary and the outputs to the report folder, for the
// artifact. Bad input leaves no files behind.
func (r reporter) keep(page string, outputs map[string]string) error {
	if r.job.reports == "" || r.job.DryRun || outputs["verdict"] == "invalid" {
		return nil
	}
	return errors.Join(
		r.job.ReportText(r.phase.Name+".md", page),
		r.job.Report(r.phase.Name+".outputs.json", outputs),
	)
}

// page is the summary. A function that failed before it wrote a verdict gets
// one here, so that no failure leaves an empty page.
func (r reporter) page(err error) string {
	var page summary.Page
	if r.job.Page.Markdown() == "" || err != nil && !r.job.Page.Judged() {
		page.Verdict(mark(err), "%s: %s", r.phase.Name, verdict(err))
	}
	page.Raw(r.job.Page.Markdown())
	if err != nil {
		page.Details("What went wrong", err.Error())
		page.Next(hints(err)...)
	}
	page.Raw(evidenceTable(r.job.Findings.List()))
	return page.Markdown()
}

func mark(err error) summary.Mark {
	switch {
	case err == nil:
		return summary.Good
	case release.ExitStatus(err) == int(release.Unknown):
		return summary.Warn
	}
	return summary.Bad
}

func hints(err error) []string {
	if hint := release.HintOf(err); hint != "" {
		return []string{hint}
	}
	return nil
}

func (r reporter) annotate(err error) {
	text := err.Error()
	if hint := release.HintOf(err); hint != "" {
		text += "\n→ " + hint
	}
	r.run.Annotate(runner.Annotation{Level: runner.Error, Title: "bluegreen " + r.phase.Name, Text: text})
}

func evidenceTable(list []release.Evidence) string {
	if len(list) == 0 {
		return ""
	}
	signs := map[release.Status]string{release.Passed: "✅", release.Failed: "❌", release.SignedOff: "✍️", release.NotShown: "▫️"}
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{e.ID, signs[e.Status] + " " + string(e.Status), e.Observed})
	}
	var page summary.Page
	page.Fold("Evidence: items of the plan that this job checked", func(p *summary.Page) {
		p.Table([]string{"item", "status", "observed"}, rows)
	})
	return page.Markdown()
}
