package action

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

var errHelp = errors.New("help was asked for")

// parse reads every input: its flag, else its variable. An argument that is no
// flag is refused.
func (p Phase) parse(proc Process) (binding, error) {
	b := binding{given: map[string]string{}}
	set := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range p.Inputs {
		b.given[f.Name] = strings.TrimSpace(proc.Getenv(variable(f.Name)))
		set.Var(text{b.given, f}, f.Name, f.Help)
	}
	switch err := set.Parse(proc.Args); {
	case errors.Is(err, flag.ErrHelp):
		p.help(proc.Stdout)
		return b, errHelp
	case err != nil:
		return b, fmt.Errorf("%s: %w: see bluegreen %s --help", p.Name, err, p.Name)
	case set.NArg() > 0:
		return b, fmt.Errorf("%s: unexpected argument %q: see bluegreen %s --help", p.Name, set.Arg(0), p.Name)
	}
	return b, nil
}

// text is a flag that sets one input, with an empty value like none at all.
type text struct {
	given map[string]string
	field Field
}

func (t text) String() string { return t.given[t.field.Name] }

func (t text) Set(value string) error {
	t.given[t.field.Name] = value
	return nil
}

// IsBoolFlag lets a flag such as --cold stand without a value.
func (t text) IsBoolFlag() bool { return t.field.boolean }

func (p Phase) help(w io.Writer) {
	fmt.Fprintf(w, "bluegreen %s: %s\n\nUsage: bluegreen %s [--input value ...]\n\nInputs, each also as the variable INPUT_<NAME>:\n", p.Name, p.Summary, p.Name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range p.Inputs {
		fmt.Fprintf(table, "  --%s\t%s%s\n", f.Name, f.Help, shownDefault(f))
	}
	_ = table.Flush()
	fmt.Fprintln(w, "\nExit status: 0 done, 1 refused or failed by a gate or check, 2 bad input or configuration, 3 could not tell.")
}

func shownDefault(f Field) string {
	if f.Default == "" || expression(f.Default) {
		return ""
	}
	return " Default: " + f.Default + "."
}
