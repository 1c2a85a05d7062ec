package registry

import (
	"net/http"
	"strings"
	"testing"
)

type counted int

func (c *counted) RoundTrip(*http.Request) (*http.Response, error) {
	*c++
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url     string
		allowed bool
		want    bool
	}{
		"https anywhere":                   {"https://registry.example.com/v2/", false, true},
		"plain on loopback":                {"http://127.0.0.1:5000/v2/", false, true},
		"plain on localhost":               {"http://localhost:5000/v2/", false, true},
		"plain on IPv6 loopback":           {"http://[::1]:5000/v2/", false, true},
		"plain on a private network":       {"http://10.0.0.5:5000/v2/", false, false},
		"plain on a name":                  {"http://registry.example.com/v2/", false, false},
		"plain elsewhere, when allowed":    {"http://10.0.0.5:5000/v2/", true, true},
		"a name that begins like loopback": {"http://127.0.0.1.example.com/v2/", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent counted
			request, err := http.NewRequest(http.MethodGet, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = encrypted{tt.allowed, &sent}.RoundTrip(request)
			if (err == nil) != tt.want || (sent == 1) != tt.want {
				t.Errorf("sent %d, %v", sent, err)
			}
			if err != nil && !strings.Contains(err.Error(), "plain-http") {
				t.Errorf("no remedy in %v", err)
			}
		})
	}
}
