package action

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// reporter is the edge: the one place that reports an error, once.
type reporter struct {
	phase Phase
	run   *runner.Runner
	job   *Job
	width func(io.Writer) int // in columns; 0 for any
}

// finish writes outputs, summary and annotation, and returns the exit status.
func (r reporter) finish(stderr io.Writer, out any, err error) int {
	outputs, problem := r.phase.outputs(r.job, out, err)
	err = errors.Join(err, problem)
	if !r.run.Files() {
		return r.tell(stderr, outputs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		outputs[name] = r.job.redact(outputs[name])
		err = errors.Join(err, r.run.SetOutput(name, outputs[name]))
	}
	page := r.page(err).Markdown()
	err = errors.Join(err, r.run.AddSummary(page), r.keep(page, outputs))
	if err != nil {
		r.annotate(err)
	}
	return release.ExitStatus(err)
}

// tell shows a person on a terminal what came of it: the page on standard
// output, what went wrong on standard error. Outputs are for other jobs; the
// report has them, where one is kept.
func (r reporter) tell(stderr io.Writer, outputs map[string]string, err error) int {
	for name := range outputs {
		outputs[name] = r.job.redact(outputs[name])
	}
	err = errors.Join(err, r.keep(r.page(err).Markdown(), outputs))
	if err == nil || !r.job.Page.Empty() {
		err = errors.Join(err, r.run.Show(r.headed(err)))
	}
	return r.plain(stderr, err)
}

// plain says what went wrong, and nothing else.
func (r reporter) plain(w io.Writer, err error) int {
	r.run.Log().Flush()
	r.run.Page().Flush()
	if err != nil {
		r.line(w, "", "bluegreen: "+r.phase.Name+": "+strings.TrimPrefix(err.Error(), r.phase.Name+": "))
		for _, hint := range append(hints(err), r.unconfigured()...) {
			r.line(w, "→ ", hint)
		}
	}
	return release.ExitStatus(err)
}

// unconfigured says that there was no configuration file, which may be what is wrong.
func (r reporter) unconfigured() []string {
	if r.job.absent == "" {
		return nil
	}
	return []string{"there is no " + r.job.absent + ": " + makeOne}
}

// line writes each line of a text in lines that fit w.
func (r reporter) line(w io.Writer, sign, text string) {
	for l := range strings.SplitSeq(strings.ReplaceAll(summary.Printable(r.job.redact(text)), "\t", "  "), "\n") {
		for _, fit := range summary.Wrap(sign, l, r.width(w)) {
			fmt.Fprintln(w, fit)
		}
		sign = strings.Repeat(" ", len([]rune(sign)))
	}
}

// keep writes the summary and the outputs to the report folder, for the
// artifact. Bad input leaves no files behind.
func (r reporter) keep(page string, outputs map[string]string) error {
	if r.job.reports == "" || r.job.DryRun || r.phase.Looks || outputs["verdict"] == "invalid" {
		return nil
	}
	return errors.Join(
		r.job.ReportText(r.phase.Name+".md", page),
		r.job.Report(r.phase.Name+".outputs.json", outputs),
	)
}

// headed is the page of the phase. A function that failed before it wrote a
// verdict gets one here, so that no failure leaves an empty page.
func (r reporter) headed(err error) *summary.Page {
	page := new(summary.Page)
	if r.job.Page.Empty() || err != nil && !r.job.Page.Judged() {
		page.Verdict(mark(err), "%s: %s", r.phase.Name, verdict(err))
	}
	page.Append(r.job.Page)
	return page
}

// page is the summary.
func (r reporter) page(err error) *summary.Page {
	page := r.headed(err)
	if err != nil {
		page.Details("What went wrong", err.Error())
		page.Next(hints(err)...)
	}
	if list := r.job.Findings.List(); len(list) > 0 {
		evidenceTable(page, list)
	}
	return page
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
		return strings.Split(hint, "\n")
	}
	return nil
}

func (r reporter) annotate(err error) {
	text := err.Error()
	for _, hint := range hints(err) {
		text += "\n→ " + hint
	}
	r.run.Annotate(runner.Annotation{Level: runner.Error, Title: "bluegreen " + r.phase.Name, Text: text})
}

func evidenceTable(page *summary.Page, list []release.Evidence) {
	signs := map[release.Status]string{release.Passed: "✅", release.Failed: "❌", release.SignedOff: "✍️", release.NotShown: "▫️", release.NotApplicable: "➖"}
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{e.ID, signs[e.Status] + " " + string(e.Status), e.Observed})
	}
	page.Fold("Evidence: items of the plan that this job checked", func(p *summary.Page) {
		p.Table([]string{"item", "status", "observed"}, rows)
	})
}
