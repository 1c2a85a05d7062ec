package summary_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

func TestALinkCanBeClickedAndCopied(t *testing.T) {
	t.Parallel()
	const run = "https://github.com/acme/my_shop.v2/actions/runs/7#artifacts"
	var p summary.Page
	p.Link("the [run] of @ops", run)
	p.Link("no run", "")
	if got, want := p.Markdown(), "[the \\[run\\] of @\u200bops]("+run+")\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := p.Plain(summary.Terminal{}), "the [run] of @ops: "+run+"\n"; got != want {
		t.Errorf("on a terminal %q, want %q", got, want)
	}
}

// Whatever stands in a part of an address, it is one address or it is text.
func TestHostileAddressesAreText(t *testing.T) {
	t.Parallel()
	all := runnertest.Hostile()
	for name, address := range map[string]string{
		"a script": "javascript:alert(1)", "a file": "file:///etc/passwd", "no host": "https:///x", "a name": "github.com/acme", "credentials": "https://a:b@github.com/x",
		"its end": "https://github.com/x) [y](https://evil.example", "a title": `https://github.com/x "y"`, "an entity": "https://github.com/&lt;x", "a line": "https://github.com/x\n# y",
	} {
		all[name] = address
	}
	for name, part := range all {
		for _, address := range []string{part, "https://github.com/" + part + "/actions/runs/7"} {
			got := summary.Link("run", address)
			if inner, ok := strings.CutPrefix(got, "[run]("); ok {
				if inner != address+")" || strings.ContainsAny(address, " \t\r\n()[]<>\"'`\\&@*|") || !strings.HasPrefix(address, "https://github.com/") {
					t.Errorf("%s: %q is a link", name, got)
				}
			} else if plain(t, got) != shown("run: "+address) {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}
