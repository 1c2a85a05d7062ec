package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var reference = regexp.MustCompile(`\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}|\$\{`)

// errUnset is wrapped by the error about a variable that has no value.
var errUnset = errors.New("is not set")

// expand replaces ${NAME} by the variable of that name and ${NAME:-text} by
// text where it is unset or empty; $$ is a dollar sign. Nothing else is special,
// and what a variable holds is not expanded again.
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var problems []error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		switch {
		case ref == "$$":
			return "$"
		case ref == "${":
			problems = append(problems, fmt.Errorf("%q: want ${NAME} or ${NAME:-default}", text))
			return ref
		}
		name, fallback, has := strings.Cut(ref[len("${"):len(ref)-len("}")], ":-")
		if value, ok := lookup(name); ok && value != "" {
			return value
		}
		if !has {
			problems = append(problems, fmt.Errorf("variable %s %w", name, errUnset))
		}
		return fallback
	})
	return out, errors.Join(problems...)
}
