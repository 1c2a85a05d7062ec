package summary_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

func TestGoldenChart(t *testing.T) {
	t.Parallel()
	var p summary.Page
	p.Chart(summary.Chart{Title: "Weight of green", Unit: "percent", Over: 30 * time.Minute, Values: []float64{10, 10, 50, 50, 100, 100}, Top: 100})
	p.Chart(summary.Chart{Title: "Errors of green", Unit: "percent", Over: 40 * time.Second, Values: []float64{0, math.NaN(), 1e-9, 0.12345, math.Inf(1)}})
	p.Chart(summary.Chart{Title: "none", Over: time.Minute, Values: []float64{0, 0}})
	golden(t, "testdata/chart.md", p.Markdown())
}

func TestAChartWithoutEnoughIsLeftOut(t *testing.T) {
	t.Parallel()
	var p summary.Page
	p.Chart(summary.Chart{Title: "one", Over: time.Minute, Values: []float64{1}})
	p.Chart(summary.Chart{Title: "no time", Values: []float64{1, 2}})
	if p.Markdown() != "" {
		t.Errorf("got %q", p.Markdown())
	}
}

func TestAChartStaysSmall(t *testing.T) {
	t.Parallel()
	var p summary.Page
	p.Chart(summary.Chart{Title: "long", Over: time.Hour, Values: make([]float64, 100_000)})
	if n := strings.Count(p.Markdown(), "0, "); n > 120 {
		t.Errorf("%d points", n)
	}
}

// block is a chart in which nothing but its title is not ours.
var chartBlock = regexp.MustCompile("^```mermaid\n%%[^\n]*%%\nxychart-beta\n    title \"[^\"`<>;{}\n]*\"\n    x-axis [^\n]*\n    y-axis \"[^\"`<>;{}\n]*\" [^\n]*\n    line [^\n]*\n```\n\n$")

func TestAHostileTitleDoesNotChangeTheChart(t *testing.T) {
	t.Parallel()
	hostile := runnertest.Hostile()
	hostile["a directive"] = "%%{init: {}}%%"
	hostile["an end"] = "x\"\n    line [1]\n```\n# hello"
	for name, text := range hostile {
		var p summary.Page
		p.Chart(summary.Chart{Title: text, Unit: text, Over: time.Minute, Values: []float64{1, 2}})
		got := p.Markdown()
		if !chartBlock.MatchString(got) || strings.Count(got, "%%") != 2 {
			t.Errorf("%s: %q", name, got)
		}
	}
}
