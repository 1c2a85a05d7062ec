package action

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// bundle is the environment secret that carries any number of variables.
const bundle = "BLUEGREEN_ENV"

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// values is the variables that a step was given as text: those of the secret
// bundle, and those of the input vars, which everybody may see.
type values struct{ secret, plain map[string]string }

// given reads both. What is in neither form is refused by its line, never by
// its text, which may be a secret.
func given(bundled, vars string) (values, error) {
	secret, err := dotenv(bundled, bundle, "the secret "+bundle)
	plain, plainErr := dotenv(vars, "input vars", "the input vars")
	return values{secret, plain}, errors.Join(err, plainErr)
}

// dotenv reads one NAME=value a line.
func dotenv(text, what, place string) (map[string]string, error) {
	all := map[string]string{}
	var bad []string
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if name = strings.TrimSpace(name); !ok || !variableName.MatchString(name) {
			bad = append(bad, strconv.Itoa(i+1))
			continue
		}
		all[name] = unquote(strings.TrimSpace(value))
	}
	if len(bad) > 0 {
		return all, release.Reject("write one NAME=value a line in "+place, "%s: line %s is not NAME=value", what, strings.Join(bad, ", "))
	}
	return all, nil
}

func unquote(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}

// over adds the variables to an environment: one that is set already stays as it
// is, and a secret one wins over a plain one.
func (v values) over(getenv func(string) string) func(string) string {
	return func(name string) string { return cmp.Or(getenv(name), v.secret[name], v.plain[name]) }
}

// list is NAME=value of all of them, for child processes.
func (v values) list() []string {
	var all []string
	for name, value := range v.plain {
		if _, hidden := v.secret[name]; !hidden {
			all = append(all, name+"="+value)
		}
	}
	for name, value := range v.secret {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}

// quoteSecret keeps an input that holds a secret from being expanded: it is
// text, whatever stands in it.
func quoteSecret(f Field, value string) string {
	if !f.Secret {
		return value
	}
	return strings.ReplaceAll(value, "$", "$$")
}
