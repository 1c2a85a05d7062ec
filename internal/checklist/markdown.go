package checklist

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Markdown renders the document as the plan lays it out: the release checklist
// (section 6), the sign-off requirements and form (section 7), the deployment
// summary, and all items in a fold. Text from outside stays text.
func (d Document) Markdown() string {
	var w page
	w.head(d)
	w.sections(d.Checklist, "6.")
	w.line("\n# Final release sign-off")
	w.sections(d.Checklist, "7.1 ")
	w.form(d)
	w.deployment(d)
	w.everything(d.Checklist)
	return w.String()
}

type page struct{ strings.Builder }

func (w *page) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *page) head(d Document) {
	r := d.Form.Release
	w.line("# Release checklist: %s\n", summary.Text(string(r.Version)))
	w.line("- Release: %s", known(string(r.ID), r.ID != ""))
	w.line("- Commit: %s", known(string(r.Commit), r.Commit != ""))
	w.line("- Slot: %s", known(string(r.Candidate), r.Candidate != ""))
	if r.First {
		w.line("- It is the first release: there is no way back.")
	}
	w.line("\n**Overall release status: %s**\n", d.Overall)
	for _, reason := range d.Overall.Reasons() {
		w.line("- %s", summary.Text(reason))
	}
}

// sections writes the checkboxes of the sections whose title starts with prefix.
func (w *page) sections(c Checklist, prefix string) {
	section := ""
	for _, l := range c.Lines {
		if !strings.HasPrefix(l.Section, prefix) {
			continue
		}
		if l.Section != section {
			section = l.Section
			w.line("\n## %s\n", section)
		}
		w.line("- [%s] %s %s: **%s**, %s", tick(l.Status), l.ID, summary.Text(l.Text), l.Status, w.seen(c, l))
	}
}

// tick is x for what was shown to hold, and nothing else.
func tick(s release.Status) string {
	if s == release.Passed || s == release.SignedOff {
		return "x"
	}
	return " "
}

// seen is what was observed, and for a sign-off what was shown beside it and
// whether that was known when the person signed.
func (w *page) seen(c Checklist, l Line) string {
	text := summary.Text(l.Observed)
	if l.Kind != SignOff {
		return text
	}
	for _, id := range l.Refers {
		beside, _ := c.Line(id)
		text += fmt.Sprintf("; beside it %s: %s", id, beside.Status)
		if !l.At.IsZero() && beside.At.After(l.At) {
			text += " (shown after the sign-off)"
		}
	}
	return text
}

func (w *page) form(d Document) {
	f := d.Form
	w.line("\n## 7.2 Sign-off form\n")
	w.line("- Release version: %s", known(string(f.Release.Version), f.Release.Version != ""))
	at, live := f.live()
	w.line("- Release date: %s", known(at.UTC().Format(time.DateOnly), live))
	w.line("- Deployed by: %s", known(f.DeployedBy, f.DeployedBy != ""))
	took, timed := f.duration()
	w.line("- Deployment duration: %s", known(took.String(), timed))
	w.line("- Run: %s\n", known(f.RunURL, f.RunURL != ""))
	w.line("| Role | Name | Signature | Date | Approval |\n| --- | --- | --- | --- | --- |")
	for _, lead := range leads {
		w.row(d, lead)
	}
	w.line("\n**Overall release status:** %s APPROVED / %s REJECTED\n", box(d.Overall.Approved), box(!d.Overall.Approved))
	w.notes(f)
}

// row writes a lead's row. What counts is the evidence, made by the sign-off
// job; the approval only says who it was.
func (w *page) row(d Document, lead lead) {
	l, _ := d.Checklist.Line(lead.id)
	name, signature, date := "", "", ""
	if a, ok := d.Form.of(lead.role); ok && l.Status != release.NotShown {
		name, signature = a.By, "GitHub environment approval"
		date = a.At.UTC().Format(time.DateOnly)
		if a.At.IsZero() {
			date = l.At.UTC().Format(time.DateOnly)
		}
	}
	w.line("| %s | %s | %s | %s | %s Approved / %s Rejected |", lead.title, summary.Text(name), signature, date,
		box(l.Status == release.SignedOff), box(l.Status == release.Failed))
}

func (w *page) notes(f Form) {
	w.line("**Notes and conditions:**\n")
	for _, a := range f.comments() {
		w.line("- %s (%s): %s", summary.Text(a.By), summary.Text(a.Role), lines(a.Comment))
	}
	for _, note := range f.Notes {
		w.line("- %s", lines(note))
	}
	if len(f.comments())+len(f.Notes) == 0 {
		w.line("%s", known("none", f.ApprovalsRead))
	}
}

func (w *page) deployment(d Document) {
	f := d.Form
	took, timed := f.duration()
	w.line("\n## Deployment summary\n")
	w.line("- Total deployment time: %s", known(took.String(), timed))
	w.list("Issues encountered", f.Issues)
	rollbacks := 0
	if f.Rollbacks != nil {
		rollbacks = *f.Rollbacks
	}
	w.line("- Rollbacks required: %s", known(fmt.Sprint(rollbacks), f.Rollbacks != nil))
	w.list("Post-deployment issues", f.PostDeploy)
}

// list writes a count and the entries below it.
func (w *page) list(title string, entries []string) {
	w.line("- %s: %s", title, known(fmt.Sprint(len(entries)), entries != nil))
	for _, e := range entries {
		w.line("  - %s", lines(e))
	}
}

func (w *page) everything(c Checklist) {
	n := c.Count()
	w.line("\n<details><summary>All %d items: %d passed, %d signed off, %d failed, %d not shown</summary>\n",
		len(c.Lines), n[release.Passed], n[release.SignedOff], n[release.Failed], n[release.NotShown])
	w.line("| Id | Item | Status | Observed | Shown by |\n| --- | --- | --- | --- | --- |")
	for _, l := range c.Lines {
		w.line("| %s | %s | %s | %s | %s |", l.ID, summary.Text(l.Text), l.Status, summary.Text(l.Observed), l.Owner)
	}
	w.line("\n</details>")
}

// known is the text, escaped, or the words that say that it is not known.
func known(text string, ok bool) string {
	if !ok {
		return "not known"
	}
	return summary.Text(text)
}

// lines keeps the line ends of a comment without leaving the list.
func lines(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	for i, l := range all {
		all[i] = summary.Text(l)
	}
	return strings.Join(all, "<br>")
}

func box(on bool) string {
	if on {
		return "☑"
	}
	return "☐"
}
