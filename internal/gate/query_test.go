package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		live  release.Slot
		want  string
		err   string
	}{
		"all three":            {query: `a{s="{{slot}}"}[{{window}}] / b{s="{{ live }}"}`, live: "blue", want: `a{s="green"}[90s] / b{s="blue"}`},
		"none":                 {query: `a{s="x"}`, want: `a{s="x"}`},
		"one brace is no sign": {query: `{a="b"}`, want: `{a="b"}`},
		"unknown":              {query: `{{ step }}`, err: "placeholder {{step}}"},
		"empty":                {query: `{{}}`, err: "placeholder {{}}"},
		"open":                 {query: `a{s="{{slot`, err: "not closed"},
		"no live slot":         {query: `{{live}}`, err: "no live slot"},
		"one within the other": {query: `{{ {{slot}} }}`, err: "placeholder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := gate.Fill(c.query, release.Green, c.live, 90*time.Second)
			if c.err == "" && (err != nil || got != c.want) {
				t.Errorf("%q, %v: want %q", got, err, c.want)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%v: want %q in it", err, c.err)
			}
		})
	}
}

func TestSelectorsOfAQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		`up`:               {"up"},
		`up{slot="green"}`: {`up{slot="green"}`},
		`sum(rate(x{a="1", b=~"2.."}[2m])) / sum(rate(y[2m]))`: {`x{a="1", b=~"2.."}`, "y"},
		`sum by (le, code) (rate(x[1m])) > bool 0.5e-3`:        {"x"},
		`sum(x) by (le)`:                       {"x"},
		`a * on (slot) group_left (version) b`: {"a", "b"},
		`a and b or c unless d`:                {"a", "b", "c", "d"},
		`x offset 5m - x offset 1h30m`:         {"x"},
		`x @ 1700000000.123 + x @ start()`:     {"x"},
		`topk(3, x)`:                           {"x"},
		`quantile by (job) (0.9, x{a='}'})`:    {`x{a='}'}`},
		`{__name__=~"a|b",c!="d\"}"}`:          {`{__name__=~"a|b",c!="d\"}"}`},
		"x{a=`\\`}":                            {"x{a=`\\`}"},
		`{"a.metric", slot="green"}`:           {`{"a.metric", slot="green"}`},
		"sum(x) # and y\n+ z":                  {"x", "z"},
		`vector(0)`:                            nil,
		`1e9 + 0x1F + 5 + inf + NaN`:           nil,
		`histogram_quantile(0.95, sum by (le) (rate(x_bucket{a=""}[5m])))`: {`x_bucket{a=""}`},
		`max_over_time(x{a="b",}[10m:1m])`:                                 {`x{a="b",}`},
		`ns:rule:rate5m{a!~"b"}`:                                           {`ns:rule:rate5m{a!~"b"}`},
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			got, _, err := gate.Selectors(query)
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("%q, %v: want %q", got, err, want)
			}
		})
	}
}

func TestSelectorsThatAreRefused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`x{a="b`:                   "quote",
		`x{a="b"`:                  "want a label",
		`x{a=b}`:                   "want a quoted text",
		`x{=~"b"}`:                 "want a label",
		`x[5m`:                     "missing",
		`sum by (a`:                "missing",
		strings.Repeat("x", 1<<15): "want at most",
	} {
		if _, _, err := gate.Selectors(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v: want %q in it", query, err, want)
		}
	}
}

func TestTheLabelsThatASelectorNeeds(t *testing.T) {
	t.Parallel()
	_, labels, err := gate.Selectors(`x{a="1" , b =~ "2", "c.d"="3", e!="4", f!~"5"} + y`)
	if want := [][]string{{"a", "b", `"c.d"`}, nil}; err != nil || !cmp.Equal(labels, want) {
		t.Errorf("%q, %v: want %q", labels, err, want)
	}
}

// Every selector that is found is a part of the query, and found again in
// itself alone.
func FuzzSelectors(f *testing.F) {
	f.Add(`sum by (le) (rate(x{a="1", b=~"2.."}[2m])) / y offset 5m > bool 0.1e-3 # z`)
	f.Add("{\"a.b\", c='d'} @ 17.5 or `")
	f.Fuzz(func(t *testing.T, query string) {
		found, _, err := gate.Selectors(query)
		if err != nil {
			return
		}
		for _, text := range found {
			if !strings.Contains(query, text) {
				t.Fatalf("%q is no part of %q", text, query)
			}
			if again, _, err := gate.Selectors(text); err != nil || len(again) != 1 || again[0] != text {
				t.Fatalf("%q within %q: found again as %q, %v", text, query, again, err)
			}
		}
	})
}

// What is filled in has no placeholder left, and a query without any is as it
// was.
func FuzzPlaceholders(f *testing.F) {
	f.Add(`a{s="{{slot}}"}[{{ window }}] {{live}}`)
	f.Add(`{{{slot}}}`)
	f.Fuzz(func(t *testing.T, query string) {
		got, err := gate.Fill(query, release.Green, release.Blue, time.Minute)
		switch {
		case err != nil:
		case !strings.Contains(query, "{{") && got != query:
			t.Fatalf("%q became %q", query, got)
		case strings.Count(query, "{{slot}}") > strings.Count(got, "green"):
			t.Fatalf("%q became %q", query, got)
		}
	})
}

// A threshold that passes its check is crossed on one side of its limit only.
func FuzzThresholds(f *testing.F) {
	f.Add(0, 0.01, 0.02)
	f.Add(2, -1.0, 1e300)
	f.Fuzz(func(t *testing.T, form int, at, value float64) {
		threshold := &gate.Threshold{Above: &at}
		switch form % 3 {
		case 1:
			threshold = &gate.Threshold{AtLeast: &at}
		case 2:
			threshold = &gate.Threshold{Below: &at}
		}
		if threshold.Check() != nil || value != value {
			return
		}
		if threshold.Crossed(value) && threshold.Crossed(2*at-value) && at != value && value-at == at-(2*at-value) {
			t.Fatalf("form %d at %g is crossed by %g and by %g", form, at, value, 2*at-value)
		}
	})
}
