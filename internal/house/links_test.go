package house_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Every link of a page to another file of the repository leads there, and to a
// heading that it has.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	const root = "../.."
	pages, links := map[string]page{}, 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || path != root && strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			pages[path] = read(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for from, page := range pages {
		for _, link := range page.links {
			target, err := url.Parse(link)
			if err != nil || target.Scheme != "" || target.Host != "" {
				continue // what is elsewhere cannot be looked up here
			}
			links++
			to := from
			if target.Path != "" {
				to = filepath.Join(filepath.Dir(from), target.Path)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s: %v", from, link, err)
			}
			if goal, isPage := pages[to]; isPage && target.Fragment != "" && !goal.headings[target.Fragment] {
				t.Errorf("%s: the link to %s: there is no such heading", from, link)
			}
		}
	}
	if len(pages) < 20 || links < 40 {
		t.Errorf("found %d pages and %d links: the search is broken", len(pages), links)
	}
}

// page is what a Markdown file links to, and can be linked by.
type page struct {
	links    []string
	headings map[string]bool
}

func read(t *testing.T, path string) page {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := page{headings: map[string]bool{}}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	err = ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Link:
			if entering {
				found.links = append(found.links, string(n.Destination))
			}
		case *ast.Heading:
			if id, ok := n.AttributeString("id"); ok {
				found.headings[string(id.([]byte))] = true
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
