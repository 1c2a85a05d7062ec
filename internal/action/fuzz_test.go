package action

import (
	"strings"
	"testing"
)

// FuzzVariables holds to this: a bundle is read or refused, its names are names of
// variables, and what is refused is named by its line, never shown.
func FuzzVariables(f *testing.F) {
	for _, seed := range []string{"A=1", "export A='x y'", "# c\n\nA=\"\n", "=1", "A B=1", "A", "A=\x00", "A=1\r\nA=2", "ｆ=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := given(text, "")
		for name := range v.secret {
			if !variableName.MatchString(name) {
				t.Errorf("%q has a variable %q", text, name)
			}
		}
		if err != nil && strings.Trim(strings.TrimPrefix(err.Error(), bundle+": line "), "0123456789, ") != "is not NAME=value" {
			t.Errorf("%q: %v", text, err)
		}
		if len(v.list()) != len(v.secret) {
			t.Errorf("%q: %q", text, v.list())
		}
	})
}
