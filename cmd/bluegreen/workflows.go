package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

const workflowsUsage = `bluegreen workflows: Changes the workflows of a checkout of this repository, for GitHub Enterprise Server and for a role of AWS.

Usage: bluegreen workflows [--repository OWNER/NAME --ref REF] [--aws-role] CHECKOUT

With --repository and --ref, for GitHub Enterprise Server, each $/actions/x of the
workflows and of the root action becomes OWNER/NAME/actions/x@REF, and the artifact
action one that the server has. queue: max of the concurrency groups is left out: the
server keeps one job that waits, and cancels it for a newer one. docs/ghes.md has the
steps around it.

With --aws-role, each job that may ask AWS has the permission id-token: write, which
the caller has to grant then. docs/alb.md says when that is needed.

What is written already stays as it is.
`

var (
	ownerName = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)
	reference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
)

// workflows rewrites the files of a checkout in place.
func workflows(c command, args []string) int {
	set := flag.NewFlagSet("workflows", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	repository, ref, role := set.String("repository", "", ""), set.String("ref", "", ""), set.Bool("aws-role", false, "")
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.stdout, workflowsUsage)
		return 0
	case err == nil && set.NArg() != 1:
		err = fmt.Errorf("want one checkout, have %d", set.NArg())
	case err == nil && *role && *repository == "" && *ref == "": // on GitHub.com nothing has to be written out
	case err == nil && !ownerName.MatchString(*repository):
		err = fmt.Errorf("repository %q: want owner/name", *repository)
	case err == nil && !reference.MatchString(*ref):
		err = fmt.Errorf("ref %q: want a tag or a commit", *ref)
	}
	if err != nil {
		err = release.Reject("see bluegreen workflows --help", "workflows: %w", err)
	} else {
		err = rewriteAll(c.stdout, set.Arg(0), func(text string) string {
			if *repository != "" {
				text = workflow.ForServer(text, *repository, *ref)
			}
			if *role {
				text = workflow.ForRole(text)
			}
			return text
		})
	}
	if err != nil {
		fmt.Fprintln(c.stderr, "bluegreen:", err)
	}
	return release.ExitStatus(err)
}

// called is the files that users call, and that name own actions.
var called = []string{".github/workflows/rollout.yml", ".github/workflows/rollback.yml", ".github/workflows/cleanup.yml", "action.yml"}

// rewriteAll reads every file before it writes the first one.
func rewriteAll(w io.Writer, checkout string, rewrite func(text string) string) error {
	texts := map[string]string{}
	for _, name := range called {
		text, err := os.ReadFile(filepath.Join(checkout, name))
		if err != nil {
			return release.Reject("give the folder of a checkout of bluegreen", "workflows: %w", err)
		}
		texts[name] = rewrite(string(text))
	}
	for _, name := range called {
		if err := overwrite(filepath.Join(checkout, name), texts[name]); err != nil {
			return fmt.Errorf("workflows: %w", err)
		}
		fmt.Fprintln(w, name)
	}
	return nil
}

// overwrite puts a whole file in the place of another.
func overwrite(path, text string) error {
	fresh := path + ".new"
	f, err := os.Create(fresh)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return os.Rename(fresh, path)
}
