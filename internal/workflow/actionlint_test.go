package workflow_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

// actionlint does not know $/ yet, so it reads a copy in which it is written out.
func TestActionlintIsContent(t *testing.T) {
	linter, err := lab.Tool(t.Context(), "actionlint", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for i, f := range workflows(t) {
		path := filepath.Join(dir, string(rune('a'+i))+"-"+filepath.Base(f.path))
		if err := os.WriteFile(path, []byte(workflow.Rewrite(f.text, "acme/bluegreen", "v1")), 0o600); err != nil {
			t.Fatal(err)
		}
		server := filepath.Join(dir, "server-"+filepath.Base(path))
		if err := os.WriteFile(server, []byte(workflow.ForServer(f.text, "acme/bluegreen", "v1.2.0")), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path, server)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = process.Run(ctx, process.Command{Path: linter, Args: append([]string{"-no-color"}, paths...), Stdout: t.Output()})
	if err != nil {
		t.Error(err)
	}
}
