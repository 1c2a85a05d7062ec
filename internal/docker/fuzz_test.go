package docker

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// FuzzRead holds to this: a stream of messages ends, and a push without a digest
// in it is an error.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"stream":"Step 1/2 : RUN x\n"}{"stream":"Successfully built"}`, `{"errorDetail":{"code":1,"message":"no"},"error":"no"}`,
		`{"status":"Pushed","id":"a"}{"aux":{"Tag":"v1","Digest":"sha256:` + strings.Repeat("a", 64) + `","Size":1}}`, `{"aux":null}`, `{"aux":[]}`, `[`, "null", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		body := func() io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }
		_, _ = follow(body(), image.NewLog("web", func(string) {}))
		if digest, err := pushed(body(), image.NewLog("web", func(string) {})); (err == nil) != (digest != "") {
			t.Errorf("%q: digest %q, %v", text, digest, err)
		}
	})
}

// FuzzLines holds to this: a line of a container is one line, and not too long.
func FuzzLines(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x02a\n\x02\x00\x00\x00\x00\x00\x00\x01b"), false)
	f.Add([]byte("\x01\x00\x00\x00\xff\xff\xff\xff"), false)
	f.Add([]byte("a\r\nb\n\nc"), true)
	f.Fuzz(func(t *testing.T, text []byte, tty bool) {
		from := io.Reader(bytes.NewReader(text))
		if !tty {
			from = single(from)
		}
		_ = lines(from, func(line string) {
			if strings.Contains(line, "\n") || len(line) > longestLine {
				t.Errorf("%q has a line of %d bytes", text, len(line))
			}
		})
	})
}
