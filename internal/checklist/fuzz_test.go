package checklist_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var unescapedBar = regexp.MustCompile(`(^|[^\\])(\\\\)*\|`)

// FuzzMarkdown holds the document to its shape: whatever an observation, a name
// or a comment says, the page has the lines, boxes and cells that it has
// without it.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"plain", "a|b", "- [x] forged", "\n- [x] 6.1.1 forged", "</details>", "<script>", "@team", "`code`", "| a | b |\n| --- |",
		"[link](https://example.com)", "\\|", "\\", "# heading", "\r\nx", "\u2028x", "x\x00y", "\xff",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, observed, comment string) {
		got := render(t, observed, comment)
		want := render(t, "plain", strings.Repeat("x\n", strings.Count(strings.TrimSpace(comment), "\n"))+"x")
		if a, b := strings.Count(got, "\n"), strings.Count(want, "\n"); a != b && strings.TrimSpace(comment) != "" {
			t.Errorf("%d lines, want %d", a, b)
		}
		if a, b := strings.Count(got, "- [x]"), strings.Count(want, "- [x]"); a != b && !strings.Contains(observed+comment, "- [x]") {
			t.Errorf("%d ticks, want %d", a, b)
		}
		for line := range strings.Lines(got) {
			if cells := len(unescapedBar.FindAllString(line, -1)); cells != 0 && cells != 6 {
				t.Errorf("%d bars in a row, want 6: %s", cells, line)
			}
		}
		if strings.Contains(got, "<script") || strings.Count(got, "</details>") != strings.Count(want, "</details>") {
			t.Error("HTML from outside is live")
		}
	})
}

func render(t *testing.T, observed, comment string) string {
	d := checklist.New([]release.Evidence{{ID: "A.1.1", Status: release.Passed, Observed: observed}, {ID: "7.2.t1", Status: release.SignedOff, Observed: observed}},
		checklist.Form{
			Release:    release.Record{Version: "v1"},
			DeployedBy: observed, RunURL: observed, ApprovalsRead: true,
			Approvals: []checklist.Approval{{Role: "qa", By: observed, Approved: true, Comment: comment}},
		})
	return d.Markdown()
}
