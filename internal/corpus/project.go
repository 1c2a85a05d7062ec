package corpus

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Project is the migrations of one project, in the order in which they are applied.
type Project struct {
	Name  string
	Files []File
}

// File is one migration.
type File struct {
	Path    string // project/name
	SQL     string
	version string // its number without leading zeros, of any length
}

var fileName = regexp.MustCompile(`^([0-9]+)_.*\.up\.sql$`)

// Open reads the projects of a corpus.
func Open(folder string) ([]Project, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("open corpus: %w", err)
	}
	var all []Project
	for _, e := range entries {
		p, err := read(folder, e.Name())
		if err != nil {
			return nil, err
		}
		if len(p.Files) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("open corpus: %s: want folders with files such as 1_users.up.sql", folder)
	}
	return all, nil
}

func read(folder, name string) (Project, error) {
	p := Project{Name: name}
	paths, err := filepath.Glob(filepath.Join(folder, name, "*.up.sql"))
	if err != nil {
		return p, fmt.Errorf("list project %s: %w", name, err)
	}
	for _, path := range paths {
		match := fileName.FindStringSubmatch(filepath.Base(path))
		if match == nil {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return p, fmt.Errorf("read project %s: %w", name, err)
		}
		p.Files = append(p.Files, File{name + "/" + filepath.Base(path), string(text), strings.TrimLeft(match[1], "0")})
	}
	slices.SortFunc(p.Files, func(a, b File) int {
		return cmp.Or(cmp.Compare(len(a.version), len(b.version)), cmp.Compare(a.version, b.version))
	})
	return p, nil
}
