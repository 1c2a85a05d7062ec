// Package summary writes the page that an action leaves on its run: the verdict
// first, then tables, the timeline, and what to do next. It is Markdown for
// GitHub and plain text for a terminal.
//
// It promises that text from outside stays text: nothing that is passed as a
// value becomes a heading, a link, HTML, a mention, a new table cell or a command
// to the terminal. Only Link makes a link, and only to an address without surprises.
package summary

import (
	"fmt"
	"strings"
	"time"
)

// Page is a summary in the making. Its zero value is empty and ready.
type Page struct{ blocks []block }

// block is a part of a page.
type block interface {
	markdown(*strings.Builder)
	plain(*terminal)
}

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

func (p *Page) add(b block) { p.blocks = append(p.blocks, b) }

// Verdict writes the headline.
func (p *Page) Verdict(mark Mark, format string, args ...any) {
	p.add(verdict{mark, fmt.Sprintf(format, args...)})
}

// Section writes a heading below the headline.
func (p *Page) Section(title string) { p.add(section(title)) }

// Say writes a paragraph.
func (p *Page) Say(format string, args ...any) { p.add(paragraph(fmt.Sprintf(format, args...))) }

// Table writes rows under a header; short rows are filled up. A table without
// rows is left out.
func (p *Page) Table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t := table{header: header}
	for _, r := range rows {
		t.rows = append(t.rows, append(r[:len(r):len(r)], make([]string, max(0, len(header)-len(r)))...)[:len(header)])
	}
	p.add(t)
}

// List writes rows without a header. They may be of any length; on a terminal the last
// cell of each has the rest of the line.
func (p *Page) List(rows [][]string) {
	if len(rows) > 0 {
		p.add(list(rows))
	}
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
	p.add(details{title, strings.TrimRight(Printable(text), "\n")})
}

// Next writes what to do now, as a list.
func (p *Page) Next(steps ...string) {
	if len(steps) > 0 {
		p.add(next(steps))
	}
}

// Raw writes Markdown that was made, and escaped, elsewhere. A terminal shows the
// lines instead.
func (p *Page) Raw(markdown string, lines ...string) { p.add(raw{markdown, lines}) }

// Append writes another page below.
func (p *Page) Append(other *Page) { p.blocks = append(p.blocks, other.blocks...) }

// Fold writes a part of the page that opens on a click. A terminal only shows
// its title.
func (p *Page) Fold(title string, part func(*Page)) {
	var inner Page
	part(&inner)
	p.add(fold{title, &inner})
}

// Empty reports whether nothing was written.
func (p *Page) Empty() bool { return len(p.blocks) == 0 }

// Judged reports whether a verdict was written first.
func (p *Page) Judged() bool {
	if p.Empty() {
		return false
	}
	_, ok := p.blocks[0].(verdict)
	return ok
}
