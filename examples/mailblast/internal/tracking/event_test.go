package tracking_test

import (
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

func TestDecodeTargetTakesEveryBase64(t *testing.T) {
	t.Parallel()
	const target = "https://example.org/?q=a>>b??c~~d"
	for name, e := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "URL": base64.URLEncoding, "raw": base64.RawStdEncoding, "raw URL": base64.RawURLEncoding,
	} {
		encoded := e.EncodeToString([]byte(target))
		for way, s := range map[string]string{"plain": encoded, "read from a query": unescape(t, encoded)} {
			if got, err := tracking.DecodeTarget(s); got != target || err != nil {
				t.Errorf("%s, %s: %q, %v", name, way, got, err)
			}
		}
	}
}

// unescape reads an unescaped parameter, whose plus becomes a space.
func unescape(t *testing.T, s string) string {
	t.Helper()
	got, err := url.QueryUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func FuzzDecodeTarget(f *testing.F) {
	f.Add(tracking.EncodeTarget("https://example.org"))
	f.Add(tracking.EncodeTarget("//example.org"))
	f.Fuzz(func(t *testing.T, encoded string) {
		target, err := tracking.DecodeTarget(encoded)
		if err != nil {
			return
		}
		u, err := url.Parse(target)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			t.Fatalf("%q leads to %q", encoded, target)
		}
		if again, err := tracking.DecodeTarget(tracking.EncodeTarget(target)); again != target || err != nil {
			t.Fatalf("%q became %q, %v", target, again, err)
		}
	})
}
