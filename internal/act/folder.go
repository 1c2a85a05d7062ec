package act

import (
	"errors"
	"os"
	"path/filepath"
)

// The reference by which the workflows of a repository name this project's
// actions: in a copy that workflow.Rewrite has made with it.
const (
	Repository = "bluegreen-actions/bluegreen"
	Ref        = "here"
)

// Prepare makes in folder what act needs beside the repository: of this project,
// whose root it is given, the actions and their launcher, which act copies for
// every job.
func Prepare(root, folder string) error {
	if err := os.RemoveAll(filepath.Join(folder, "project")); err != nil {
		return err
	}
	for _, part := range []string{"actions", filepath.Join("cmd", "bluegreen")} {
		if err := os.CopyFS(filepath.Join(folder, "project", part), os.DirFS(filepath.Join(root, part))); err != nil {
			return err
		}
	}
	err := os.MkdirAll(filepath.Join(folder, "cache"), 0o755)
	for reference, dir := range folders(folder) {
		err = errors.Join(err, os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "action.yml"), []byte(standIns[reference]), 0o644))
	}
	return err
}
