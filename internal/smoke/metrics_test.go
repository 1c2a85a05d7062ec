package smoke_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

func TestMetricsThatABodyHas(t *testing.T) {
	t.Parallel()
	const body = "# TYPE a counter\na{x=\"1\"} NaN\na{x=\"2\"} 3\n# TYPE b gauge\nb NaN\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n"
	for name, c := range map[string]struct {
		body string
		want []string
		says string
	}{
		"one of two samples is a number": {body, []string{"a", "h_bucket"}, ""},
		"none is":                        {body, []string{"a", "b"}, `no sample of ["b"]`},
		"no such metric":                 {body, []string{"c"}, `no sample of ["c"]`},
		"a help text alone":              {"# TYPE a counter\n", []string{"a"}, `no sample of ["a"]`},
		"a page":                         {"<html>", []string{"a"}, "no text of Prometheus"},
		"half a line":                    {"a{x=\"1", []string{"a"}, "no text of Prometheus"},
		"nothing":                        {"", []string{"a"}, "no sample"},
	} {
		check := smoke.Check{Name: "metrics", Expect: smoke.Expect{Status: []smoke.Status{200}, Metrics: c.want}}
		err := check.Differs(200, []byte(c.body))
		if err == nil != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
