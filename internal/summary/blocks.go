package summary

import (
	"fmt"
	"slices"
	"strings"
)

// The blocks of a page, with what each is in Markdown.
type (
	verdict struct {
		mark Mark
		text string
	}
	section   string
	paragraph string
	table     struct {
		header []string
		rows   [][]string // as wide as the header
	}
	list    [][]string
	details struct{ title, text string }
	next    []string
	raw     struct {
		text  string
		lines []string
	}
	fold struct {
		title string
		inner *Page
	}
)

// Markdown returns the page for GitHub.
func (p *Page) Markdown() string {
	var b strings.Builder
	for _, part := range p.blocks {
		part.markdown(&b)
	}
	return b.String()
}

func (v verdict) markdown(b *strings.Builder)   { fmt.Fprintf(b, "## %s %s\n\n", v.mark, Text(v.text)) }
func (s section) markdown(b *strings.Builder)   { fmt.Fprintf(b, "### %s\n\n", Text(string(s))) }
func (s paragraph) markdown(b *strings.Builder) { b.WriteString(Text(string(s)) + "\n\n") }
func (r raw) markdown(b *strings.Builder)       { b.WriteString(r.text) }

func (t table) markdown(b *strings.Builder) {
	row(b, t.header)
	b.WriteString("|" + strings.Repeat(" --- |", len(t.header)) + "\n")
	for _, r := range t.rows {
		row(b, r)
	}
	b.WriteByte('\n')
}

// markdown is a table without a header, which GitHub has no form for: its first row is
// empty.
func (l list) markdown(b *strings.Builder) {
	wide := 0
	for _, r := range l {
		wide = max(wide, len(r))
	}
	row(b, make([]string, wide))
	b.WriteString("|" + strings.Repeat(" --- |", wide) + "\n")
	for _, r := range l {
		row(b, append(slices.Clone(r), make([]string, wide-len(r))...))
	}
	b.WriteByte('\n')
}

func row(b *strings.Builder, cells []string) {
	b.WriteByte('|')
	for _, c := range cells {
		b.WriteString(" " + Text(c) + " |")
	}
	b.WriteByte('\n')
}

func (d details) markdown(b *strings.Builder) {
	fence := "```"
	for strings.Contains(d.text, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n%s\n%s\n%s\n\n</details>\n\n", label(d.title), fence, d.text, fence)
}

func (n next) markdown(b *strings.Builder) {
	section("What to do next").markdown(b)
	for _, s := range n {
		b.WriteString("- " + Text(s) + "\n")
	}
	b.WriteByte('\n')
}

func (f fold) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n%s</details>\n\n", label(f.title), f.inner.Markdown())
}
