package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is generated is what is on disk; run `make generate` after a change of
// an input, an output or a setting.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	const root = "../.."
	files, err := generated(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		have, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, want) {
			t.Errorf("%s is not what the declarations say: run make generate", path)
		}
	}
}

// Every phase has a folder with an action, and no folder lacks one.
func TestEveryActionIsAPhase(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../../actions/*/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != len(phases) {
		t.Errorf("%d actions and %d phases: want one each", len(folders), len(phases))
	}
}
