package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

//go:generate go run . describe --write ../..

// describe prints the action.yml of one phase, or writes everything that is
// generated from the declarations below a folder.
func describe(c command, args []string) int {
	var err error
	switch {
	case len(args) == 2 && args[0] == "--write":
		err = write(args[1])
	case len(args) == 1:
		err = printAction(c, args[0])
	default:
		err = release.Reject("name a phase, or --write and a folder", "describe: want one phase or --write DIR")
	}
	if err != nil {
		fmt.Fprintln(c.stderr, "bluegreen:", err)
	}
	return release.ExitStatus(err)
}

func printAction(c command, name string) error {
	for _, p := range phases {
		if p.Name == name {
			_, err := fmt.Fprint(c.stdout, p.ActionYAML())
			return err
		}
	}
	return release.Reject("bluegreen help lists them", "describe: no phase %q", name)
}

func write(root string) error {
	files, err := generated(root)
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(root, path), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generated is every file that is written from the declarations, by its path.
func generated(root string) (map[string][]byte, error) {
	files := map[string][]byte{"docs/bluegreen.schema.json": config.Schema()}
	for _, p := range phases {
		files[filepath.Join("actions", p.Name, "action.yml")] = []byte(p.ActionYAML())
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return nil, err
	}
	for _, p := range phases {
		if readme, err = section(readme, p.Name, p.Tables()); err != nil {
			return nil, err
		}
	}
	files["README.md"] = readme
	return files, nil
}

// section replaces what stands between the two comments that name a phase.
func section(text []byte, name, body string) ([]byte, error) {
	open, shut := fmt.Appendf(nil, "<!-- begin %s -->\n", name), fmt.Appendf(nil, "<!-- end %s -->", name)
	head, rest, ok := bytes.Cut(text, open)
	_, tail, shutOK := bytes.Cut(rest, shut)
	if !ok || !shutOK {
		return nil, fmt.Errorf("README.md: no place for %s: want the lines %s and %s", name, bytes.TrimSpace(open), shut)
	}
	return bytes.Join([][]byte{head, open, []byte(body), shut, tail}, nil), nil
}
