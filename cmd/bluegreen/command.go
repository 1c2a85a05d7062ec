package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// version is set when a release is built.
var version = "devel"

// command is the program as a value: streams in, exit status out.
type command struct {
	args   []string
	getenv func(string) string
	stdout io.Writer
	stderr io.Writer
}

func (c command) main(ctx context.Context) int {
	if len(c.args) == 0 {
		c.usage(c.stderr)
		return int(release.Invalid)
	}
	verb, rest := strings.TrimLeft(c.args[0], "-"), c.args[1:]
	for _, p := range slices.Concat(phases, commands) {
		if p.Name == verb {
			return p.Main(ctx, action.Process{Args: rest, Getenv: c.getenv, Stdout: c.stdout, Stderr: c.stderr})
		}
	}
	for _, t := range tools {
		if t.name == verb {
			return t.run(c, rest)
		}
	}
	fmt.Fprintf(c.stderr, "bluegreen: no command %q: see bluegreen help\n", verb)
	return int(release.Invalid)
}

// tool is a command that is no phase of a release.
type tool struct {
	name    string
	summary string
	run     func(c command, args []string) int
}

var tools []tool

func init() {
	tools = []tool{
		{"describe", "Print what an action takes, or write all generated files: describe PHASE, describe --write DIR.", describe},
		{"version", "Print the version.", printVersion},
		{"help", "Print this.", func(c command, _ []string) int { c.usage(c.stdout); return 0 }},
	}
}

func (c command) usage(w io.Writer) {
	fmt.Fprint(w, "bluegreen carries a release to all of the live traffic, and back when it is bad.\n\nUsage: bluegreen COMMAND [--input value ...]\n\nThe phases of a release, in their order; each is also an action:\n")
	for _, p := range phases {
		fmt.Fprintf(w, "  %-13s %s\n", p.Name, p.Summary)
	}
	fmt.Fprint(w, "\nTools:\n")
	for _, p := range commands {
		fmt.Fprintf(w, "  %-13s %s\n", p.Name, p.Summary)
	}
	for _, t := range tools {
		fmt.Fprintf(w, "  %-13s %s\n", t.name, t.summary)
	}
	fmt.Fprint(w, "\nbluegreen COMMAND --help says what a phase takes.\n")
}

func printVersion(c command, _ []string) int {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		revision = " " + info.GoVersion
	}
	fmt.Fprintf(c.stdout, "bluegreen %s%s\n", version, revision)
	return 0
}
