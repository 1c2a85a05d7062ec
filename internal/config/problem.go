package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Problem is one mistake in the configuration, with the place of it.
type Problem struct {
	Source       string
	Line, Column int // from 1
	Key          string
	Text         string
	Snippet      string // the line as written; empty for an input, and for a line that is too long to show
}

// maxSnippet is the longest line, in bytes, that an error shows.
const maxSnippet = 200

// Problems is all the mistakes, in the order of the sources and of the places in
// them. It is an error.
type Problems []Problem

func (p Problems) Error() string {
	var text strings.Builder
	for i, one := range p {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(one.String())
	}
	return text.String()
}

// In is those that are in one of some sections.
func (p Problems) In(sections ...string) Problems {
	return slices.DeleteFunc(slices.Clone(p), func(one Problem) bool { return !slices.Contains(sections, one.section()) })
}

func (p Problems) sort(sources []Source) {
	order := func(name string) int {
		if i := slices.IndexFunc(sources, func(s Source) bool { return s.Name == name }); i >= 0 {
			return i
		}
		return len(sources)
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(order(a.Source), order(b.Source)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// String is the problem as compilers write it, and the line below it.
func (p Problem) String() string {
	text := fmt.Sprintf("%s:%d:%d: ", p.Source, p.Line, p.Column)
	if p.Key != "" {
		text += p.Key + ": "
	}
	text += p.Text
	if p.Snippet != "" {
		text += fmt.Sprintf("\n%5d | %s\n      | %s^", p.Line, p.Snippet, strings.Repeat(" ", p.Column-1))
	}
	return text
}

func (o *origin) problem(line, column int, key, text string) *Problem {
	p := Problem{Source: o.source.Name, Line: max(line, 1), Column: max(column, 1), Key: key, Text: text}
	if o.source.Key == "" && p.Line <= len(o.lines) && len(o.lines[p.Line-1]) <= maxSnippet {
		p.Snippet = strings.ReplaceAll(o.lines[p.Line-1], "\t", " ")
	}
	return &p
}

func (d *decoder) fail(node *yaml.Node, key, format string, args ...any) {
	if node == nil {
		node = d.tree.root
	}
	from := d.tree.origins[node]
	if from == nil {
		from = &origin{source: &Source{Name: "default", Key: key}}
	}
	d.problems = append(d.problems, *from.problem(node.Line, node.Column, key, fmt.Sprintf(format, args...)))
}

// unknown begins the text of a key that nobody reads.
const unknown = "unknown key"

// Stray tells whether all that is wrong is a key that nobody reads: what is written
// beside it is as it should be.
func (p Problem) Stray() bool { return strings.HasPrefix(p.Text, unknown) }

// Unset tells whether all that is wrong is a variable, which may be set elsewhere.
func (p Problem) Unset() bool { return strings.HasSuffix(p.Text, errUnset.Error()) }
