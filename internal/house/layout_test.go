package house_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	paths "golang.org/x/mod/module"
)

// topLevel is what the repository has beside the folders that begin with a dot and
// those that the Makefile writes to.
var topLevel = []string{"LICENSE", "Makefile", "README.md", "action.yml", "actions", "cmd", "docs", "examples", "go.mod", "go.sum", "internal"}

func TestTheTopLevelHasWhatBelongsThere(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	written := []string{"bin", "dist", "bluegreen-report"}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) && !slices.Contains(written, name) {
			t.Errorf("%q does not belong into the root of the repository", name)
		}
	}
}

// A module with other names cannot be fetched, nor checked out on every system.
func TestEveryFileHasANameThatAModuleMayHave(t *testing.T) {
	t.Parallel()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err == nil {
			err = paths.CheckFilePath(filepath.ToSlash(name))
		}
		if err != nil {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
