package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

var yamlBlock = regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```")

// The configurations in the how-to of nginx are taken as they are.
func TestTheExamplesForNginxWork(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/nginx.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
		example := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")
		if !strings.Contains(example, "application:") {
			continue // of compose
		}
		found++
		dir := t.TempDir()
		file := filepath.Join(dir, "bluegreen.yml")
		if err := os.WriteFile(file, []byte(example), 0o644); err != nil {
			t.Fatal(err)
		}
		if status, said := bluegreen(t, dir, "nginx", "config", "--config", file); status != 0 {
			t.Errorf("%s: status %d, %s", example, status, said)
		}
	}
	if found != 2 {
		t.Errorf("found %d examples, want 2", found)
	}
}

var chain = regexp.MustCompile("(?s)```sh\n(export GITHUB_REPOSITORY.*?)```")

// Each program in the chain of the README is one that says with what it was called,
// and the phase that is to fail does.
func TestTheChainOfTheReadmeFailsWithItsRelease(t *testing.T) {
	t.Parallel()
	m := chain.FindStringSubmatch(read(t, "README.md"))
	if m == nil {
		t.Fatal("the README has no chain")
	}
	const good = "check preflight build migrate deploy-green smoke shift finalize record"
	for failing, want := range map[string]string{
		"none":      good,
		"preflight": "check preflight record",
		"smoke":     "check preflight build migrate deploy-green smoke rollback record",
		"shift":     "check preflight build migrate deploy-green smoke shift rollback record",
		"finalize":  good,
		"record":    good,
	} {
		dir := t.TempDir()
		for _, name := range []string{"gh", "git", "jq"} {
			lab.Script(t, filepath.Join(dir, name), "#!/bin/sh\n")
		}
		lab.Script(t, filepath.Join(dir, "bluegreen"), "#!/bin/sh\necho $1 >> said; test $1 != "+failing+"\n")
		must(t, os.WriteFile(filepath.Join(dir, "production.env"), nil, 0o600))
		shell := exec.CommandContext(t.Context(), "bash", "-c", m[1])
		shell.Dir, shell.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := shell.CombinedOutput()
		if (err == nil) != (failing == "none") {
			t.Errorf("%s fails: the chain ends with %v, %s", failing, err, out)
		}
		said, err := os.ReadFile(filepath.Join(dir, "said"))
		must(t, err)
		if got := strings.Join(strings.Fields(string(said)), " "); got != want {
			t.Errorf("%s fails: %s, want %s", failing, got, want)
		}
	}
}
