package reload_test

import (
	"os"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// block is what a document has between a fence of a language and the next one.
func block(t *testing.T, document, language string, nth int) string {
	t.Helper()
	for range nth {
		_, document, _ = strings.Cut(document, "```"+language+"\n")
	}
	text, _, found := strings.Cut(document, "```")
	if !found {
		t.Fatalf("the document has no block %d of %s", nth, language)
	}
	return text
}

func TestTheDocumentIsRight(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../../docs/nginx-reload.md")
	must(t, err)
	file, err := config.Load(func(string) (string, bool) { return "", false }, []string{"router"},
		config.Source{Name: "docs/nginx-reload.md", Text: block(t, string(document), "yaml", 1)})
	must(t, err)
	s := file.Router.NginxReload
	r := open(t, s)
	if command := r.BreakGlass(release.Blue); !strings.Contains(string(document), strings.TrimSuffix(command, "sudo -n /usr/sbin/nginx -s reload")) {
		t.Errorf("the document does not have the command %s", command)
	}
	for _, argv := range [][]string{s.Test, s.Reload} {
		if line := strings.Join(argv[2:], " "); !strings.Contains(string(document), "NOPASSWD: ") || !strings.Contains(string(document), line) {
			t.Errorf("the line for sudo does not allow %s", line)
		}
	}
	if !strings.Contains(string(document), "include "+s.Include+";") {
		t.Errorf("the document does not say where %s goes", s.Include)
	}
}
