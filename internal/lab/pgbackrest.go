package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Repository is one of pgBackRest with a stanza, of a cluster of PostgreSQL that is
// never started.
type Repository struct {
	Config  string // file
	Stanza  string
	System  string // the identifier of the cluster
	Program string
	Dir     string // of the repository
	Data    string // folder of the cluster

	owner *syscall.Credential
}

// PgBackRest makes a cluster and a repository without a backup, for as long as the
// test runs.
func PgBackRest(t testing.TB) *Repository {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := Install(ctx, os.Stderr, "postgres", "pgbackrest"); err != nil {
		t.Fatal(err)
	}
	dir := outside(t)
	r := &Repository{Config: filepath.Join(dir, "pgbackrest.conf"), Stanza: "shop", Program: find("pgbackrest"), Dir: filepath.Join(dir, "repo"), Data: filepath.Join(dir, "data")}
	text := fmt.Sprintf("[global]\nrepo1-path=%s\nlock-path=%s\nlog-level-file=off\nspool-path=%s\nstart-fast=y\ncompress-type=none\nrepo1-retention-full=9\n\n[%s]\npg1-path=%s\n",
		r.Dir, filepath.Join(dir, "lock"), filepath.Join(dir, "spool"), r.Stanza, r.Data)
	if err := os.WriteFile(r.Config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.owner, err = give(dir, dir); err != nil {
		t.Fatal(err)
	}
	r.do(t, "initdb", "--pgdata="+r.Data, "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync")
	r.System = regexp.MustCompile(`system identifier: +([0-9]+)`).FindStringSubmatch(r.do(t, "pg_controldata", r.Data))[1]
	r.Run(t, "stanza-create", "--no-online")
	return r
}

// outside is a folder that the user postgres may pass, as one of t.TempDir is not.
func outside(t testing.TB) string {
	t.Helper()
	home, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	all, err := folder(home, "repositories")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(all, Name(t))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Run runs pgBackRest on the stanza, such as with backup and --no-online.
func (r *Repository) Run(t testing.TB, args ...string) {
	t.Helper()
	r.do(t, "pgbackrest", append([]string{"--config=" + r.Config, "--stanza=" + r.Stanza}, args...)...)
}

func (r *Repository) do(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := process.Output(t.Context(), process.Command{Path: find(program), Args: args, Dir: filepath.Dir(r.Dir), Credential: r.owner, Env: []string{"LC_ALL=C"}})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
