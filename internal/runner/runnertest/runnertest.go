// Package runnertest reads what a step wrote the way GitHub's runner reads it,
// for tests: the commands in its log and the outputs in its file. It also keeps
// a table of hostile text that must never become either.
package runnertest

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Command is one line of a log that the runner takes for a command.
type Command struct {
	Name       string
	Properties map[string]string
	Data       string
}

// Read splits a log into commands and the lines that people see. It is
// stricter than the runner: a command needs no known name. Source of the rules:
// actions/runner, ActionCommand.
func Read(log string) (commands []Command, lines []string) {
	for _, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(log), "\n") {
		if c, ok := current(line); ok {
			commands = append(commands, c)
		} else if c, ok := older(line); ok {
			commands = append(commands, c)
		} else {
			lines = append(lines, line)
		}
	}
	return commands, lines
}

func current(line string) (Command, bool) {
	info, begins := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
	info, data, ends := strings.Cut(info, "::")
	if !begins || !ends {
		return Command{}, false
	}
	return parse(info, ",", data), true
}

func older(line string) (Command, bool) {
	_, info, begins := strings.Cut(line, "##[")
	info, data, ends := strings.Cut(info, "]")
	if !begins || !ends {
		return Command{}, false
	}
	return parse(info, ";", data), true
}

var unescape = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%3B", ";", "%5D", "]", "%25", "%")

func parse(info, separator, data string) Command {
	name, properties, _ := strings.Cut(info, " ")
	c := Command{Name: name, Properties: map[string]string{}, Data: unescape.Replace(data)}
	for _, pair := range strings.Split(properties, separator) {
		if key, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			c.Properties[key] = unescape.Replace(value)
		}
	}
	return c
}

// Outputs reads the text of a GITHUB_OUTPUT file. Source of the rules:
// actions/runner, FileCommandManager.
func Outputs(text string) (map[string]string, error) {
	all := map[string]string{}
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\n")
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			all[line[:equals]] = line[equals+1:]
		case heredoc > 0 && len(line) > heredoc+2:
			n, ok := upTo(lines[i+1:], line[heredoc+2:])
			if !ok {
				return nil, fmt.Errorf("matching delimiter not found %q", line[heredoc+2:])
			}
			all[line[:heredoc]] = strings.TrimSuffix(strings.Join(lines[i+1:i+1+n], ""), "\n")
			i += n + 1
		default:
			return nil, fmt.Errorf("invalid format %q", line)
		}
	}
	return all, nil
}

// upTo counts the lines before the one that is the delimiter.
func upTo(lines []string, delimiter string) (int, bool) {
	for n, line := range lines {
		if strings.TrimSuffix(line, "\n") == delimiter {
			return n, true
		}
	}
	return 0, false
}

//go:embed testdata/hostile.txt
var hostile string

// Hostile is text that wants to be more than text, by what it is. It panics on
// a table that is broken.
func Hostile() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(hostile) {
		name, quoted, ok := strings.Cut(strings.TrimSpace(line), `: "`)
		if strings.HasPrefix(line, "#") {
			continue
		}
		text, err := strconv.Unquote(`"` + quoted)
		if _, twice := all[name]; err != nil || !ok || twice {
			panic(fmt.Sprintf("runnertest: hostile.txt: %q: %v", line, err))
		}
		all[name] = text
	}
	return all
}
