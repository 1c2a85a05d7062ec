package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
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
	files := map[string][]byte{"docs/bluegreen.schema.json": config.Schema(), "docs/rules.md": review.Document()}
	sections := map[string]string{"README.md": overview()}
	for _, p := range phases {
		files[filepath.Join("actions", p.Name, "action.yml")] = []byte(p.ActionYAML())
		sections[filepath.Join("actions", p.Name, "README.md")] = p.Document()
	}
	for path, body := range sections {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		if files[path], err = section(text, body); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return files, nil
}

// overview is the table of the actions.
func overview() string {
	var m strings.Builder
	m.WriteString("| action | what it does |\n| --- | --- |\n")
	for _, p := range phases {
		fmt.Fprintf(&m, "| [`%[1]s`](actions/%[1]s) | %[2]s |\n", p.Name, p.Summary)
	}
	return m.String()
}

// The comments around what is generated in a file that people write.
const (
	opening = "<!-- begin generated -->\n"
	closing = "<!-- end generated -->"
)

// section replaces what stands between the comments.
func section(text []byte, body string) ([]byte, error) {
	head, rest, opened := bytes.Cut(text, []byte(opening))
	_, tail, closed := bytes.Cut(rest, []byte(closing))
	if !opened || !closed {
		return nil, fmt.Errorf("no place for what is generated: want the lines %s and %s", strings.TrimSpace(opening), closing)
	}
	return slices.Concat(head, []byte(opening), []byte(body), []byte(closing), tail), nil
}
