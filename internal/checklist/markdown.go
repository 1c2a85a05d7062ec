package checklist

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Markdown renders the document: what failed and what is still to be shown, then
// as the plan lays it out the release checklist (section 6), the sign-off
// requirements and form (section 7) and the deployment summary, and all items in a
// fold. Text from outside stays text.
func (d Document) Markdown() string {
	var w page
	w.head(d)
	w.attention(d)
	w.form(d)
	w.deployment(d)
	w.course(d.Form.Course)
	w.sections(d, "6.")
	w.line("\n# Final release sign-off")
	w.sections(d, "7.1 ")
	w.everything(d)
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
	w.line("\n%s.", d.Tally())
}

func (w *page) form(d Document) {
	f := d.Form
	w.line("\n## 7.2 Sign-off form\n")
	w.line("- Release version: %s", known(string(f.Release.Version), f.Release.Version != ""))
	at, live := f.Live()
	w.line("- Release date: %s", known(at.UTC().Format(time.DateOnly), live))
	w.line("- Deployed by: %s", known(f.DeployedBy, f.DeployedBy != ""))
	took, timed := f.Duration()
	w.line("- Deployment duration: %s", known(took.String(), timed))
	w.line("- Run: %s\n", run(f))
	w.line("| Role | Name | Signature | Date | Approval |\n| --- | --- | --- | --- | --- |")
	for _, lead := range Leads {
		w.row(d, lead)
	}
	w.line("\n**Overall release status:** %s APPROVED / %s REJECTED\n", box(d.Overall.Approved), box(d.Overall.Rejected))
	w.notes(f)
}

func run(f Form) string {
	if f.RunURL == "" {
		return known("", false)
	}
	return summary.Link("its page on GitHub", f.RunURL)
}

func (w *page) row(d Document, lead Lead) {
	s := d.Signature(lead)
	w.line("| %s | %s | %s | %s | %s Approved / %s Rejected |", lead.Title, summary.Text(s.Name), s.How, s.Date, box(s.Approved), box(s.Rejected))
}

func (w *page) notes(f Form) {
	w.line("**Notes and conditions:**\n")
	for _, a := range f.Comments() {
		w.line("- %s (%s): %s", summary.Text(a.By), summary.Text(a.Role), lines(a.Comment))
	}
	for _, note := range f.Notes {
		w.line("- %s", lines(note))
	}
	if len(f.Comments())+len(f.Notes) == 0 {
		w.line("%s", known("none", f.ApprovalsRead))
	}
}

func (w *page) deployment(d Document) {
	f := d.Form
	took, timed := f.Duration()
	w.line("\n## Deployment summary\n")
	w.line("- Total deployment time: %s", known(took.String(), timed))
	w.list("Issues encountered", f.Issues)
	w.line("- Rollbacks required: %s", known(fmt.Sprint(count(f.Rollbacks)), f.Rollbacks != nil))
	w.list("Post-deployment issues", f.PostDeploy)
}

// list writes a count and the entries below it.
func (w *page) list(title string, entries []string) {
	w.line("- %s: %s", title, known(fmt.Sprint(len(entries)), entries != nil))
	for _, e := range entries {
		w.line("  - %s", lines(e))
	}
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
