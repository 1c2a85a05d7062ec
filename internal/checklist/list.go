package checklist

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Remedy says how an item that is not shown gets its tick.
const Remedy = "Each says what would show it. A check does where its evidence in smoke.checks names the item, a rule where that of gates.rules does. " +
	"A person does with a line in the comment of an approval that comes after it, such as “confirm 6.2.18: sent a mail from the console”. " +
	"What the application does not have is left out by its reason under record.not-applicable."

// attention lists what failed, and folds what is still to be shown.
func (w *page) attention(d Document) {
	failed, missing := d.having(Failed), d.having(NotShown)
	if len(failed) > 0 {
		w.line("\n## Failed\n")
		w.items(d, failed)
	}
	if len(missing) > 0 {
		w.line("\n<details><summary>Not shown: %s</summary>\n\n%s\n", number(len(missing)), Remedy)
		w.items(d, missing)
		w.line("\n</details>")
	}
}

// having lists the items of one standing, without the one about all others.
func (d Document) having(s Standing) (lines []Line) {
	for _, l := range d.Checklist.Lines {
		if l.ID != overallID && d.Standing(l) == s {
			lines = append(lines, l)
		}
	}
	return lines
}

// sections writes the checkboxes of the sections whose title starts with prefix,
// and folds a section of which nothing is missing.
func (w *page) sections(d Document, prefix string) {
	for _, s := range d.Checklist.sections(prefix) {
		tally := Document{Checklist: s, Overall: d.Overall}.Tally()
		if tally[Failed]+tally[NotShown] > 0 {
			w.line("\n## %s\n", s.Lines[0].Section)
			w.items(d, s.Lines)
			continue
		}
		w.line("\n<details><summary>%s: %d of %d</summary>\n", s.Lines[0].Section, tally.Ticked(), tally.Due())
		w.items(d, s.Lines)
		w.line("\n</details>")
	}
}

// sections are the parts of the list whose title starts with prefix.
func (c Checklist) sections(prefix string) (all []Checklist) {
	last := ""
	for _, l := range c.Lines {
		if !strings.HasPrefix(l.Section, prefix) {
			continue
		}
		if l.Section != last {
			last = l.Section
			all = append(all, Checklist{})
		}
		s := &all[len(all)-1]
		s.Lines = append(s.Lines, l)
	}
	return all
}

func (w *page) items(d Document, lines []Line) {
	for _, l := range lines {
		w.line("- [%s] %s %s: **%s**, %s", tick(l.Status), l.ID, summary.Text(l.Text), d.Standing(l), summary.Text(d.Checklist.Seen(l)))
	}
}

// tick is x for what was shown to hold, and nothing else.
func tick(s release.Status) string {
	if s == release.Passed || s == release.SignedOff {
		return "x"
	}
	return " "
}

func (w *page) everything(d Document) {
	w.line("\n<details><summary>All %d items: %s</summary>\n", len(d.Checklist.Lines), d.Tally())
	w.line("| Id | Item | Status | Observed | Shown by |\n| --- | --- | --- | --- | --- |")
	for _, l := range d.Checklist.Lines {
		w.line("| %s | %s | %s | %s | %s |", l.ID, summary.Text(l.Text), d.Standing(l), summary.Text(l.Observed), l.Owner)
	}
	w.line("\n</details>")
}
