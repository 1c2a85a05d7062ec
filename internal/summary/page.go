// Package summary writes the Markdown page that an action leaves on its run:
// the verdict first, then tables, the timeline, and what to do next.
//
// It promises that text from outside stays text: nothing that is passed as a
// value becomes a heading, a link, HTML, a mention or a new table cell.
package summary

import (
	"fmt"
	"strings"
	"time"
)

// Page is a summary in the making. Its zero value is empty and ready.
type Page struct{ body strings.Builder }

// Mark is the sign before a verdict.
type Mark string

// The marks, each with a word beside it wherever it is used.
const (
	Good Mark = "✅"
	Warn Mark = "⚠️"
	Bad  Mark = "❌"
	Back Mark = "↩️"
	Skip Mark = "⏭️"
)

// Verdict writes the headline.
func (p *Page) Verdict(mark Mark, format string, args ...any) {
	fmt.Fprintf(&p.body, "## %s %s\n\n", mark, Text(fmt.Sprintf(format, args...)))
}

// Section writes a heading below the headline.
func (p *Page) Section(title string) { fmt.Fprintf(&p.body, "### %s\n\n", Text(title)) }

// Say writes a paragraph.
func (p *Page) Say(format string, args ...any) {
	p.body.WriteString(Text(fmt.Sprintf(format, args...)) + "\n\n")
}

// Table writes rows under a header; short rows are filled up. A table without
// rows is left out.
func (p *Page) Table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.row(header)
	p.body.WriteString("|" + strings.Repeat(" --- |", len(header)) + "\n")
	for _, r := range rows {
		p.row(append(r[:len(r):len(r)], make([]string, max(0, len(header)-len(r)))...)[:len(header)])
	}
	p.body.WriteByte('\n')
}

func (p *Page) row(cells []string) {
	p.body.WriteByte('|')
	for _, c := range cells {
		p.body.WriteString(" " + Text(c) + " |")
	}
	p.body.WriteByte('\n')
}

// Event is one line of a timeline.
type Event struct {
	At   time.Time
	Text string
}

// Timeline writes events with their time of day in UTC.
func (p *Page) Timeline(events []Event) {
	rows := make([][]string, len(events))
	for i, e := range events {
		rows[i] = []string{e.At.UTC().Format("15:04:05.000"), e.Text}
	}
	if len(rows) > 0 {
		p.Section("Timeline (UTC)")
	}
	p.Table([]string{"when", "what"}, rows)
}

// Details writes text that opens on a click, as it is, in a code block.
func (p *Page) Details(title, text string) {
	text = strings.TrimRight(printable(text), "\n")
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(&p.body, "<details><summary>%s</summary>\n\n%s\n%s\n%s\n\n</details>\n\n",
		label(title), fence, text, fence)
}

// Next writes what to do now, as a list.
func (p *Page) Next(steps ...string) {
	if len(steps) == 0 {
		return
	}
	p.Section("What to do next")
	for _, s := range steps {
		p.body.WriteString("- " + Text(s) + "\n")
	}
	p.body.WriteByte('\n')
}

// Raw writes Markdown that was made, and escaped, elsewhere.
func (p *Page) Raw(markdown string) { p.body.WriteString(markdown) }

// Markdown returns the page.
func (p *Page) Markdown() string { return p.body.String() }

// Fold writes a part of the page that opens on a click.
func (p *Page) Fold(title string, part func(*Page)) {
	var inner Page
	part(&inner)
	fmt.Fprintf(&p.body, "<details><summary>%s</summary>\n\n%s</details>\n\n", label(title), inner.Markdown())
}

// Judged reports whether a verdict was written.
func (p *Page) Judged() bool { return strings.HasPrefix(p.body.String(), "## ") }
