package summary_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var (
	escaped = regexp.MustCompile("\\\\([!-/:-@[-`{-~])")
	live    = regexp.MustCompile("[\\\\`*_|\\[\\]<>~$#]|&($|[^lga])|://|www\\.|@($|[^\u200b])")
	block   = regexp.MustCompile(`^([-+=]|[0-9]+[.)](\s|$)|\s)`)
)

// plain reads a line of Markdown as GitHub shows it, and fails when anything
// in it is live.
func plain(t *testing.T, markdown string) string {
	t.Helper()
	if bare := escaped.ReplaceAllString(markdown, ""); live.MatchString(bare) || block.MatchString(markdown) || strings.Contains(markdown, "\n") {
		t.Errorf("%q is live", markdown)
	}
	return shown(html.UnescapeString(escaped.ReplaceAllString(markdown, "$1")))
}

// shown is a value as people see it: one line, without what has no width.
func shown(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r == '\u200b' || r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "�"))
	return strings.TrimSpace(value)
}

func TestTextStaysText(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		if got := plain(t, summary.Text(text)); got != shown(text) {
			t.Errorf("%s: %q is shown as %q", name, text, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ value, want string }{
		"plain words stay":                {"green is healthy: 3 of 3 (100%)!", "green is healthy: 3 of 3 (100%)!"},
		"a list marker":                   {"- x", `\- x`},
		"a list number":                   {"12. x", `12\. x`},
		"a number that begins no list":    {"12 x", "12 x"},
		"a number with a point":           {"2.5 %", "2.5 %"},
		"a list number alone":             {"2)", `2\)`},
		"a mention":                       {"@ops", "@\u200bops"},
		"a table cell":                    {`a|b\|c`, `a\|b\\\|c`},
		"lines become one":                {"a\r\nb", "a b"},
		"space after a control character": {"\x00 \t- x\x00 ", `\- x`},
		"an address":                      {"https://www.example.com", "https:\u200b//www\u200b.example.com"},
	}
	for name, tt := range tests {
		if got := summary.Text(tt.value); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	got := summary.Text(strings.Repeat("&", 100_000))
	if got != strings.Repeat("&amp;", 1000)+"…" {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}

func TestFormsAreWhatAPageHolds(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		if strings.TrimSpace(text) == "" || strings.Contains(text, "\n") {
			continue
		}
		for context, page := range pages(text) {
			found := false
			for _, form := range append(summary.Forms(text), text) {
				found = found || strings.Contains(page.Markdown(), form)
			}
			if !found && context != "details" {
				t.Errorf("%s in %s: none of %q is in %q", name, context, summary.Forms(text), page.Markdown())
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, text := range runnertest.Hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := plain(t, summary.Text(text)); utf8.RuneCountInString(text) < 1000 && got != shown(text) {
			t.Errorf("%q is shown as %q", text, got)
		}
	})
}
