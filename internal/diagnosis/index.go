package diagnosis

import (
	"fmt"
	"strings"
	"time"
)

// Index is the page that leads through a bundle, as Markdown. Text from outside
// stays in code spans.
func Index(title string, at time.Time, seen []Seen) string {
	var page strings.Builder
	fmt.Fprintf(&page, "# %s\n\n%s. Addresses are redacted, secrets are masked, jobs are shown by their form.\n", title, at.UTC().Format(time.RFC3339))
	for _, s := range seen {
		fmt.Fprintf(&page, "\n## %s\n\n", s.Name)
		if s.Says != "" {
			fmt.Fprintf(&page, "%s\n", span(s.Says))
		}
		if s.Problem != "" {
			fmt.Fprintf(&page, "\n**Trouble:** %s\n", span(s.Problem))
		}
		if s.Says == "" && s.Problem == "" {
			page.WriteString("Nothing was said.\n")
		}
		for i, f := range s.Files {
			if i == 0 {
				page.WriteByte('\n')
			}
			cut := ""
			if f.Cut {
				cut = ", without its beginning"
			}
			fmt.Fprintf(&page, "- [%s](%s) (%d bytes%s)\n", f.Name, f.Name, len(f.Text), cut)
		}
	}
	return page.String()
}

// span is text as a code span of Markdown, on one line.
func span(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + " " + text + " " + fence
}
