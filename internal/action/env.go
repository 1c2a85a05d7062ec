package action

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// bundle is the environment secret that carries any number of variables.
const bundle = "BLUEGREEN_ENV"

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// dotenv adds the variables of BLUEGREEN_ENV to the environment; one that is
// set already stays as it is. Every value of it is a secret.
func dotenv(getenv func(string) string) (func(string) string, map[string]string, error) {
	values := map[string]string{}
	var bad []string
	for i, line := range strings.Split(getenv(bundle), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if name = strings.TrimSpace(name); !ok || !variableName.MatchString(name) {
			bad = append(bad, strconv.Itoa(i+1))
			continue
		}
		values[name] = unquote(strings.TrimSpace(value))
	}
	var err error
	if len(bad) > 0 {
		err = release.Reject("write one NAME=value a line in the secret "+bundle, "%s: line %s is not NAME=value", bundle, strings.Join(bad, ", "))
	}
	return func(name string) string { return cmp.Or(getenv(name), values[name]) }, values, err
}

func unquote(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}

// quoteSecret keeps an input that holds a secret from being expanded: it is
// text, whatever stands in it.
func quoteSecret(f Field, value string) string {
	if !f.Secret {
		return value
	}
	return strings.ReplaceAll(value, "$", "$$")
}

// commonWord is a value that is no secret whoever calls it one: masked, it would
// turn half of every output into ***.
func commonWord(value string) bool {
	return slices.Contains([]string{"true", "false", "none", "blue", "green", "main"}, strings.ToLower(value))
}

// harmless refuses a value that is part of the repository's name: the name of
// the release has it, and GitHub drops an output that holds a masked value. Only
// the first phase does: nothing later, and no rollback, is held up by it.
func (p Phase) harmless(secrets map[string]string, repository string) error {
	if !p.First {
		return nil
	}
	var bad []string
	for name, value := range secrets {
		if len(value) >= 4 && !commonWord(value) && strings.Contains(strings.ReplaceAll(repository, "/", "-"), value) {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	return release.Reject("write what is no secret into the configuration file, and keep "+bundle+" for secrets",
		"%s: the value of %s is part of the repository's name, and would be masked in every output", bundle, strings.Join(bad, ", "))
}
