package workflow_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

// GitHub Enterprise Server gets what it knows, and it can be written out again.
func TestForServer(t *testing.T) {
	t.Parallel()
	newer := regexp.MustCompile(`(up|down)load-artifact@[0-9a-f]{40} # v([4-9]|\d\d)|\n +overwrite:|\n +pattern:|\n +queue:|deployment: false|uses: \$/`)
	cut := regexp.MustCompile(`\n +(overwrite: true|pattern: .*|queue: max.*)`)
	written, fetched := 0, 0
	for _, f := range workflows(t) {
		got := workflow.ForServer(f.text, "acme/bluegreen", "v1.2.0")
		if found := newer.FindString(got); found != "" {
			t.Errorf("%s still has %q", f.path, found)
		}
		if again := workflow.ForServer(got, "acme/other", "v9"); again != got {
			t.Errorf("%s changes when it is written out again", f.path)
		}
		written += strings.Count(got, "acme/bluegreen/actions/")
		fetched += strings.Count(got, "download-artifact@9bc31d5ccc31df68ecc42ccf4149144866c47d8a # v3.0.2\n        with:\n          path: ")
		if lost := strings.Count(f.text, "\n") - strings.Count(got, "\n"); lost != len(cut.FindAllString(f.text, -1)) {
			t.Errorf("%s lost %d lines", f.path, lost)
		}
	}
	if written < 15 || fetched != 1 {
		t.Errorf("%d references were written out, %d steps fetch artifacts", written, fetched)
	}
}
