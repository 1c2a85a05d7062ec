package buildkit

import (
	"bytes"
	"io"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// FuzzTrace holds to this: the progress of a build is read to its end or refused.
func FuzzTrace(f *testing.F) {
	for _, seed := range []string{
		`{"id":"moby.buildkit.trace","aux":""}`, `{"id":"moby.buildkit.trace","aux":"CgQKAmFi"}`, `{"id":"moby.buildkit.trace","aux":"/////w=="}`,
		`{"id":"moby.buildkit.trace","aux":null}`, `{"id":"moby.buildkit.trace","aux":{}}`, `{"id":"x"}`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tr := newTrace(image.NewLog("web", func(string) {}))
		_ = tr.follow(io.NopCloser(bytes.NewReader(text)))
	})
}
