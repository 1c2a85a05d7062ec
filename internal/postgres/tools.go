package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// tools are a pg_dump and the pg_restore beside it.
type tools struct {
	folder  string // "" for PATH
	version string // of pg_dump, such as 15.4
}

func (t tools) path(program string) string {
	if t.folder == "" {
		return program
	}
	return filepath.Join(t.folder, program)
}

// installed is where Debian, Ubuntu, Fedora and the packages of the PostgreSQL
// project keep several major versions side by side.
var installed = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}

// programs returns the tools, which it looks for once.
func (d *Database) programs(ctx context.Context, server string) (tools, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil {
		return *d.found, nil
	}
	t, err := d.find(ctx, server)
	if err == nil {
		d.found = &t
	}
	return t, err
}

// find returns the first tools that are not older than the server: pg_dump
// refuses a newer server. The configured folder is the only one that is tried when
// there is one.
func (d *Database) find(ctx context.Context, server string) (tools, error) {
	folders := []string{d.settings.Backup.Tools}
	if d.settings.Backup.Tools == "" {
		for _, pattern := range installed {
			found, _ := filepath.Glob(pattern) // the patterns are well formed
			folders = append(folders, found...)
		}
	}
	hint := fmt.Sprintf("install postgresql-client-%d, or set database.backup.tools to the folder of its programs", major(server))
	var last error
	seen := ""
	for _, folder := range folders {
		t, err := ask(ctx, folder)
		switch {
		case err != nil:
			last = err
		case major(t.version) >= major(server):
			return t, nil
		default:
			seen = t.version
		}
	}
	if seen != "" {
		return tools{}, release.Refuse(hint, "pg_dump %s is older than the server, %s", seen, server)
	}
	return tools{}, release.Refuse(hint, "find pg_dump: %w", last)
}

// ask asks both programs for their version, which must be the same: pg_restore
// does not read what a newer pg_dump has written.
func ask(ctx context.Context, folder string) (tools, error) {
	t := tools{folder: folder}
	var versions []string
	for _, program := range []string{"pg_dump", "pg_restore"} {
		out, err := process.Output(ctx, process.Command{Path: t.path(program), Args: []string{"--version"}})
		if err != nil {
			return t, err
		}
		versions = append(versions, number.FindString(string(out)))
	}
	if t.version = versions[0]; major(versions[1]) != major(t.version) || t.version == "" {
		return t, fmt.Errorf("pg_dump %q and pg_restore %q are not of one version", versions[0], versions[1])
	}
	return t, nil
}

var number = regexp.MustCompile(`[0-9]+(\.[0-9]+)*`)

// major is the first number of a version; 0 for none.
func major(version string) int {
	n, _ := strconv.Atoi(regexp.MustCompile(`^[0-9]+`).FindString(version)) // 0 is older than all
	return n
}
