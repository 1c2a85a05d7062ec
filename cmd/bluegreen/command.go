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
	"github.com/bluegreen-actions/bluegreen/internal/runner"
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

// main defuses what is said on stderr, which a runner reads for commands, too.
func (c command) main(ctx context.Context) int {
	said := runner.New(c.getenv, c.stderr).Log()
	defer said.Flush()
	c.stderr = said
	if len(c.args) == 0 {
		c.usage(c.stderr)
		return int(release.Invalid)
	}
	verb, rest := strings.TrimLeft(c.args[0], "-"), c.args[1:]
	for _, p := range slices.Concat(phases, commands) {
		if words := strings.Fields(p.Name); words[0] == verb && slices.Equal(words[1:], rest[:min(len(words)-1, len(rest))]) {
			return p.Main(ctx, action.Process{Args: rest[len(words)-1:], Getenv: c.getenv, Stdout: c.stdout, Stderr: c.stderr})
		}
	}
	for _, t := range tools {
		if t.name == verb {
			return t.run(c, rest)
		}
	}
	return c.group(verb, rest)
}

// group says which commands begin with the verb, where it is no command alone.
func (c command) group(verb string, rest []string) int {
	var of strings.Builder
	for _, p := range commands {
		if strings.HasPrefix(p.Name, verb+" ") {
			fmt.Fprintf(&of, "  %-17s %s\n", p.Name, p.Summary)
		}
	}
	asked := len(rest) > 0 && slices.Contains([]string{"-h", "--help", "help"}, rest[0])
	switch {
	case of.Len() > 0 && asked:
		fmt.Fprintf(c.stdout, "Usage: bluegreen COMMAND [--input value ...]\n\n%s\nbluegreen COMMAND --help says what one takes.\n", of.String())
		return 0
	case of.Len() > 0:
		fmt.Fprintf(c.stderr, "bluegreen: no command %q; there are\n%s", strings.Join(c.args[:min(len(c.args), 2)], " "), of.String())
	default:
		fmt.Fprintf(c.stderr, "bluegreen: no command %q: see bluegreen help\n", strings.Join(c.args[:min(len(c.args), 2)], " "))
	}
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
		{"lint", "Review migration files: lint PATH; see lint --help.", lint},
		{"workflows", "Change the workflows for GitHub Enterprise Server or for a role of AWS; see workflows --help.", workflows},
		{"version", "Print the version.", printVersion},
		{"help", "Print this.", func(c command, _ []string) int { c.usage(c.stdout); return 0 }},
	}
}

func (c command) usage(w io.Writer) {
	fmt.Fprint(w, "bluegreen carries a release to all of the live traffic, and back when it is bad.\n\nUsage: bluegreen COMMAND [--input value ...]\n\nThe phases of a release, in their order; each is also an action:\n")
	for _, p := range phases {
		fmt.Fprintf(w, "  %-17s %s\n", p.Name, p.Summary)
	}
	fmt.Fprint(w, "\nTools:\n")
	for _, p := range commands {
		fmt.Fprintf(w, "  %-17s %s\n", p.Name, p.Summary)
	}
	for _, t := range tools {
		fmt.Fprintf(w, "  %-17s %s\n", t.name, t.summary)
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
