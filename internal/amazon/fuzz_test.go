package amazon

import (
	"strings"
	"testing"
)

// FuzzIdentity holds to this: there is no token in what is no JSON object.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{`{"value":"a.b.c"}`, `{"value":7}`, `{"value":"a"}{`, "null", "[]", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		if token := identity(strings.NewReader(answer)); token != "" && !strings.HasPrefix(strings.TrimSpace(answer), "{") {
			t.Errorf("%q has the token %q", answer, token)
		}
	})
}
