package compose

import (
	"slices"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Project is a set of compose files under a name.
type Project struct {
	Name    string   // where it is empty, compose takes it from the files or their folder
	Files   []string // in the order in which they are merged; relative to Dir
	EnvFile string   // variables for the files; relative to Dir
	Dir     string   // the checkout
	Env     []string // NAME=value, beside what is inherited
	Host    string   // docker engine; the environment's own when empty
}

// argv is what every call begins with. Override is merged last; there may be none.
func (t Tool) argv(p Project, override string, words ...string) []string {
	argv := append(slices.Clone(t.Command), "--ansi", "never")
	if p.Name != "" {
		argv = append(argv, "-p", p.Name)
	}
	for _, file := range p.Files {
		argv = append(argv, "-f", file)
	}
	if override != "" {
		argv = append(argv, "-f", override)
	}
	if p.EnvFile != "" {
		argv = append(argv, "--env-file", p.EnvFile)
	}
	return append(argv, words...)
}

// up starts in the background, and never builds: what is deployed was built,
// pushed and pinned before.
func (t Tool) up(p Project, override string, u slot.Up) []string {
	words := []string{"up", "--no-build"}
	if u.NoStart {
		words = append(words, "--no-start")
	} else {
		words = append(words, "--detach")
	}
	if u.NoDeps {
		words = append(words, "--no-deps")
	}
	for _, service := range u.Services {
		if n, ok := u.Scale[service]; ok {
			words = append(words, "--scale", service+"="+strconv.Itoa(n))
		}
	}
	return t.argv(p, override, append(words, u.Services...)...)
}

// down keeps volumes, and networks that are declared external.
func (t Tool) down(p Project) []string { return t.argv(p, "", "down", "--remove-orphans") }

func (t Tool) config(p Project, override string) []string { return t.argv(p, override, "config") }
