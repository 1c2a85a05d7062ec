package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/act"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/workflow"
)

// Repository is the application as somebody's repository: its own files, and
// the reusable workflows with the references that act understands.
type Repository struct{ Dir string }

// Name of the repository that the demo pretends to be.
const Name = "acme/mailblast"

// NewRepository copies the sample application of this project into dir and
// makes the first commit.
func NewRepository(ctx context.Context, root, dir string) (Repository, error) {
	r := Repository{dir}
	if err := copyTree(filepath.Join(root, "examples", "mailblast"), dir, "build"); err != nil {
		return r, err
	}
	for _, name := range []string{"rollout.yml", "cleanup.yml"} {
		text, err := os.ReadFile(filepath.Join(root, ".github", "workflows", name))
		if err != nil {
			return r, err
		}
		text = []byte(workflow.Rewrite(string(text), act.Repository, act.Ref))
		if err := os.WriteFile(filepath.Join(dir, ".github", "workflows", name), text, 0o644); err != nil {
			return r, err
		}
	}
	if err := r.callLocally(); err != nil {
		return r, err
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"remote", "add", "origin", "https://github.com/" + Name + ".git"}} {
		if err := r.git(ctx, args...); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Behind puts another load balancer into the application's configuration, in
// the place of its section router.
func (r Repository) Behind(section string) error {
	path := filepath.Join(r.Dir, ".github", "bluegreen.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), "\nrouter:\n")
	_, after, ended := strings.Cut(rest, "\n\n")
	if !ok || !ended {
		return fmt.Errorf("%s: it has no section router", path)
	}
	return os.WriteFile(path, []byte(before+"\n"+section+"\n"+after), 0o644)
}

// callLocally makes the caller use the workflow beside it.
func (r Repository) callLocally() error {
	path := filepath.Join(r.Dir, ".github", "workflows", "release.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if before, _, ok := strings.Cut(line, "uses: bluegreen-actions/bluegreen/"); ok {
			lines[i] = before + "uses: ./.github/workflows/rollout.yml"
		}
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
}

// Fault makes every image of the next commit carry a fault, as a bad change
// would: by the default of the build argument.
func (r Repository) Fault(name string) error {
	for _, file := range []string{"backend/Dockerfile", "backend/Dockerfile.worker", "frontend/Dockerfile"} {
		path := filepath.Join(r.Dir, file)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "ARG FAULT=") {
				lines[i] = "ARG FAULT=" + name
			}
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Migrations leaves the migrations up to a version, what completes them, and the code
// that goes with them, as a commit of that time would have had them.
func (r Repository) Migrations(root string, last migration.Version) error {
	const folder = "backend/migrations"
	here := filepath.Join(r.Dir, folder)
	err := os.RemoveAll(here)
	if err == nil {
		err = copyTree(filepath.Join(root, "examples", "mailblast", folder), here)
	}
	if err == nil {
		err = keep(here, func(m migration.Migration) (bool, error) { return m.Version <= last, nil })
	}
	if err == nil {
		err = keep(filepath.Join(here, "contract"), func(m migration.Migration) (bool, error) {
			after, err := migration.Completes(m.Up.Script)
			return after <= last, err
		})
	}
	return errors.Join(err, r.domain(root, last >= withDomain))
}

// withDomain is the migration from which on the code writes the domain of a message.
const withDomain = 4

// domain has the backend write the domain of each message, or not.
func (r Repository) domain(root string, written bool) error {
	const file, on, off = "docker-compose.base.yml", "${MESSAGE_DOMAIN:-on}", "${MESSAGE_DOMAIN:-off}"
	text, err := os.ReadFile(filepath.Join(root, "examples", "mailblast", file))
	switch {
	case err != nil:
		return err
	case !bytes.Contains(text, []byte(on)):
		return fmt.Errorf("%s: it does not say %s", file, on)
	case !written:
		text = bytes.ReplaceAll(text, []byte(on), []byte(off))
	}
	return os.WriteFile(filepath.Join(r.Dir, file), text, 0o644)
}

// keep removes the migrations that are not wanted from a folder, and the folder when
// nothing is left of it.
func keep(folder string, wanted func(migration.Migration) (bool, error)) error {
	all, err := migration.Read(folder)
	if err != nil {
		return err
	}
	left := 0
	for _, m := range all.List {
		want, err := wanted(m)
		switch {
		case err != nil:
			return err
		case want:
			left++
		default:
			err = errors.Join(os.Remove(m.Up.Path), os.Remove(m.Down.Path))
		}
		if err != nil {
			return err
		}
	}
	if left == 0 {
		return os.Remove(folder)
	}
	return nil
}

// Commit commits everything and returns the id.
func (r Repository) Commit(ctx context.Context, message string) (string, error) {
	if err := r.git(ctx, "add", "-A"); err != nil {
		return "", err
	}
	if err := r.git(ctx, "-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "-q", "--allow-empty", "-m", message); err != nil {
		return "", err
	}
	id, err := process.Output(ctx, process.Command{Path: "git", Args: []string{"rev-parse", "HEAD"}, Dir: r.Dir})
	return string(bytes.TrimSpace(id)), err
}

func (r Repository) git(ctx context.Context, args ...string) error {
	if err := process.Run(ctx, process.Command{Path: "git", Args: args, Dir: r.Dir}); err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	return nil
}

func copyTree(from, to string, without ...string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && slices.Contains(without, rel):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}
