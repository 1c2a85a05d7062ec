package registry

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// answers is a registry that has one manifest, of one kind, and one configuration.
type answers struct {
	kind             string
	manifest, config []byte
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, kind := a.config, "application/octet-stream"
	switch {
	case strings.HasSuffix(r.URL.Path, "/v2/"):
		body = nil
	case strings.Contains(r.URL.Path, "/manifests/"):
		body, kind = a.manifest, a.kind
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// FuzzManifest holds to this: whatever a registry says of a tag, an image has a
// digest and no size below nothing, which would be below every limit.
func FuzzManifest(f *testing.F) {
	const image, index = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
	config := []byte(`{"config":{"Labels":{"a":"b"},"Cmd":null},"rootfs":{"type":"layers","diff_ids":[]}}`)
	const of = `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":83,"digest":"sha256:7372b1231df0a0b2722bf83177c5520655d4481154a8cf8459cb916f03a53f5a"},"layers":[`
	f.Add(image, []byte(of+`]}`), config)
	f.Add(image, []byte(of+`{"size":-5}]}`), config)
	f.Add(image, []byte(of+`{"size":9223372036854775807}]}`), config)
	f.Add(index, []byte(`{"schemaVersion":2,"manifests":[{"size":-1,"platform":{"os":"linux","architecture":"amd64"}}]}`), config)
	f.Add(image, []byte(`null`), []byte(`null`))
	f.Add("::error::x", []byte(`{"layers":[null]}`), []byte(``))
	f.Fuzz(func(t *testing.T, kind string, manifest, config []byte) {
		c := New(Settings{PlainHTTP: true})
		c.wire = encrypted{true, answers{kind, manifest, config}}
		if got, err := c.Manifest(t.Context(), "127.0.0.1:1/shop:v1"); err == nil && (got.Digest == "" || got.Compressed < 0) {
			t.Errorf("%s: %q is %+v", kind, manifest, got)
		}
	})
}

func TestSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, layers := range [][]v1.Descriptor{{{Size: -5}}, {{Size: math.MaxInt64}}, {{Size: math.MaxInt64 - 99}, {Size: 1}}} {
		if size, err := compressed(&v1.Manifest{Config: v1.Descriptor{Size: 99}, Layers: layers}); err == nil {
			t.Errorf("%v has %v", layers, size)
		}
	}
}
