package runnertest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// ours is the only HTML that a page of ours has.
var ours = regexp.MustCompile(`^(</?details>|</?summary>|<br>)+$`)

// ourPages are the only addresses that a page of ours links to, in the repository that
// the tests release.
var ourPages = regexp.MustCompile(`^https://github\.com/acme/shop/(actions/runs/[0-9]+(#artifacts)?|commit/[0-9a-f]{40})$`)

// called is a mention that GitHub would make a link of, and a person be told.
var called = regexp.MustCompile(`(^|[^0-9A-Za-z_])@[0-9A-Za-z]`)

// Live reads a summary with a parser of GitHub's Markdown, and lists what is more
// than text in it: links that are not ours, images, HTML that is not ours, mentions outside of code.
func Live(markdown string) []string {
	source := []byte(markdown)
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote)).Parser()
	var all []string
	err := ast.Walk(parser.Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			if found := live(n, source); found != "" {
				all = append(all, found)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		all = append(all, err.Error())
	}
	return all
}

func live(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.Link:
		if ourPages.Match(n.Destination) && n.Title == nil {
			return ""
		}
		return fmt.Sprintf("%s %q", n.Kind(), lines(n.Parent(), source))
	case *ast.AutoLink, *ast.Image:
		return fmt.Sprintf("%s %q", n.Kind(), lines(n.Parent(), source))
	case *ast.RawHTML:
		if found := string(n.Segments.Value(source)); !ours.MatchString(found) {
			return "HTML " + found
		}
	case *ast.HTMLBlock:
		return block(string(n.Lines().Value(source)))
	case *ast.Text:
		if found := string(n.Value(source)); called.MatchString(found) && n.Parent().Kind() != ast.KindCodeSpan {
			return "mention " + found
		}
	}
	return ""
}

var tag = regexp.MustCompile(`<[^>]*>?`)

// block looks at HTML that begins a line, with the text between its tags.
func block(html string) string {
	for _, found := range tag.FindAllString(html, -1) {
		if !ours.MatchString(found) {
			return "HTML " + found
		}
	}
	if between := tag.ReplaceAllString(html, ""); called.MatchString(between) {
		return "mention " + between
	}
	return ""
}

func lines(n ast.Node, source []byte) string {
	for n != nil && n.Type() == ast.TypeInline {
		n = n.Parent()
	}
	if n == nil {
		return ""
	}
	return strings.TrimSpace(string(n.Lines().Value(source)))
}
