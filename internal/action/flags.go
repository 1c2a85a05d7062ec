package action

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var errHelp = errors.New("help was asked for")

// parse reads every input: its flag, else its variable. An argument that is no
// flag is refused.
func (p Phase) parse(proc Process) (binding, error) {
	b := binding{given: map[string]string{}}
	set := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range p.Inputs {
		given := cmp.Or(proc.Getenv(variable(f.Name)), proc.Getenv(exported(f.Name)))
		b.given[f.Name] = strings.TrimSpace(given)
		set.Var(text{b.given, f}, f.Name, f.Help)
	}
	switch err := set.Parse(proc.Args); {
	case errors.Is(err, flag.ErrHelp):
		p.help(proc, slices.ContainsFunc(proc.Args, func(arg string) bool { return arg == "--all" || arg == "-all" }))
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

// help shows the inputs of the phase and those that every phase has. The keys of
// the configuration, which are many, are shown when all is asked for.
func (p Phase) help(proc Process, all bool) {
	var page summary.Page
	page.Say("bluegreen %s: %s", p.Name, p.Summary)
	page.Say("Usage: bluegreen %s [--input value ...]", p.Name)
	own, every, keys := p.kinds()
	describeInputs(&page, "Inputs:", own)
	describeInputs(&page, "Inputs of every command:", every)
	if all {
		describeInputs(&page, "Keys of the configuration, which an input overrides:", keys)
	}
	page.Say("Each input is also read from the variable INPUT_<NAME>, such as INPUT_DRY-RUN, or INPUT_DRY_RUN as a shell can export it.")
	if len(keys) > 0 && !all {
		page.Say("Every key of the configuration's %s is an input, too, such as --%s: bluegreen %s --help --all lists them.",
			strings.Join(p.Settings, ", "), keys[0].Name, p.Name)
	}
	page.Say("Exit status: 0 done, 1 refused or failed by a gate or check, 2 bad input or configuration, 3 could not tell.")
	fmt.Fprint(proc.Stdout, page.Plain(summary.Terminal{Width: proc.width(proc.Stdout)}))
}

// kinds sorts the inputs by where they come from.
func (p Phase) kinds() (own, every, keys []Field) {
	common := fields(reflect.TypeFor[common](), "input")
	for _, f := range p.Inputs {
		switch {
		case f.Key != "":
			keys = append(keys, f)
		case slices.ContainsFunc(common, func(c Field) bool { return c.Name == f.Name }):
			every = append(every, f)
		default:
			own = append(own, f)
		}
	}
	return own, every, keys
}

func describeInputs(page *summary.Page, title string, all []Field) {
	if len(all) == 0 {
		return
	}
	page.Section(title)
	rows := make([][]string, len(all))
	for i, f := range all {
		rows[i] = []string{"", "--" + f.Name, f.Help + shownDefault(f)}
	}
	page.List(rows)
}

func shownDefault(f Field) string {
	switch {
	case f.Required:
		return " (required)"
	case f.Default == "" || f.Default == "false" || expression(f.Default):
		return ""
	}
	return " (default: " + f.Default + ")"
}
