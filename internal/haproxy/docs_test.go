package haproxy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// block is the first block of that language in the documentation.
func block(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/haproxy.md")
	must(t, err)
	_, rest, found := strings.Cut(string(page), "```"+language+"\n")
	text, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatalf("docs/haproxy.md has no block of %s", language)
	}
	return strings.TrimRight(text, " ")
}

func TestTheDocumentedConfigurationWorks(t *testing.T) {
	t.Parallel()
	s := settings(t)
	_, err := open(t, s).Install(t.Context(), release.Blue)
	must(t, err)
	conf := strings.NewReplacer("/run/haproxy/admin.sock", s.Socket, " group haproxy", "", "bind :80", "bind 127.0.0.1:{{.Port}}").Replace(block(t, "haproxy"))
	s.URL = lab.HAProxy(t, conf, s.Config).URL
	must(t, open(t, s).Try(t.Context()))
}

func TestTheDocumentedWayOutIsTheOneThatIsPrinted(t *testing.T) {
	s := settings(t)
	s.State, s.Socket = "/var/lib/bluegreen", "/run/haproxy/admin.sock"
	equal(t, "break glass", strings.TrimSpace(block(t, "sh")), open(t, s).BreakGlass(release.Blue))
	for _, field := range []string{s.State, s.Socket, string(haproxy.ByCookie)} {
		if !strings.Contains(block(t, "yaml"), field) {
			t.Errorf("the settings in the documentation lack %s", field)
		}
	}
}
