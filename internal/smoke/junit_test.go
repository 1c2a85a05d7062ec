package smoke_test

import (
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

func TestJUnit(t *testing.T) {
	t.Parallel()
	report := smoke.Report{Took: 1500 * time.Millisecond, Results: []smoke.Result{
		{Check: check(nil), Status: 200, Latency: 12 * time.Millisecond},
		{Check: check(func(c *smoke.Check) { c.Name, c.Path = "a <b> & \"c\"", "/x?token=secret" }), Err: errors.New("status 503: want [200]\x00")},
		{Check: smoke.Check{Name: "queue"}, Saw: "3 waiting"},
	}}
	got, err := report.JUnit()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/junit.xml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// What is written is XML again, with as many tests as there were checks.
func FuzzJUnit(f *testing.F) {
	f.Add("health", "status 503 \x1b[31m\x00\xff]]>&#0;")
	f.Fuzz(func(t *testing.T, name, message string) {
		report := smoke.Report{Results: []smoke.Result{{Check: smoke.Check{Name: name}, Err: errors.New(message)}, {}}}
		text, err := report.JUnit()
		if err != nil {
			t.Fatal(err)
		}
		var suite struct {
			Tests    int        `xml:"tests,attr"`
			Failures int        `xml:"failures,attr"`
			Cases    []struct{} `xml:"testcase"`
		}
		if err := xml.NewDecoder(strings.NewReader(string(text))).Decode(&suite); err != nil || suite.Tests != 2 || suite.Failures != 1 || len(suite.Cases) != 2 {
			t.Fatalf("%+v, %v: %s", suite, err, text)
		}
	})
}
