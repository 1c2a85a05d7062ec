package queue

import (
	"strings"
	"testing"
)

// FuzzKind holds to this: of a job no more is shown than a short plain word for
// each field that was named, or nothing.
func FuzzKind(f *testing.F) {
	for _, seed := range []string{`{"type":"email","version":2}`, `{"type":"ann@example.org"}`, `{"type":{"a":1}}`, `{"type":null}`, `{"version":1e400}`, `[]`, `"`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, job string) {
		kind := Settings{Kind: []string{"type", "version"}}.kind(job)
		for _, part := range strings.Split(kind, "/") {
			if !kindForm.MatchString(part) {
				t.Errorf("%q is of the kind %q", job, kind)
			}
		}
	})
}
