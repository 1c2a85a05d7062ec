package s3

import (
	"strings"
	"testing"
)

// FuzzDescribed holds to this: what is taken for the manifest of a copy says of which.
func FuzzDescribed(f *testing.F) {
	for _, seed := range []string{`{"sha256":"a","copy":{"sha256":"b"}}`, `{"sha256":"a"}`, `{"copy":null}`, "null", "[]", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := described(strings.NewReader(text)); ok && m.Copy == nil {
			t.Errorf("%q describes no copy", text)
		}
	})
}
