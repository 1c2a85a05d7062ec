package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The measures of the drawing, in its own units.
const (
	wide      = 960
	left      = 150 // of the panels, beside their names
	right     = wide - 24
	topEdge   = 22
	tall      = 150 // of the weights
	low       = 46  // of a line
	between   = 26
	lane      = 20
	laneSpace = 10
)

// chart is the weights, the errors, the latency and the gates over one time.
type chart struct {
	Wide, Tall  int
	Left, Right int
	Colour      string // of the candidate: blue or green
	Words       string // what is drawn, for who cannot see it
	Area, Line  string
	Levels      []mark // of the weights
	Grid        []mark // their axis
	Backs       []mark // where the traffic was taken back
	Ticks       []mark // of the time
	Bottom      int
	Curves      []curve
	Lanes       []row
}

// mark is a text at a place.
type mark struct {
	X, Y float64
	Text string
}

// curve is a quantity of the candidate over time.
type curve struct {
	Name, Most   string
	Path         string
	Base, Middle int
}

// row is the verdicts of one gate over time.
type row struct {
	Name, Whole string
	Y, Middle   int
	Bars        []bar
}

type bar struct {
	X, Y, Width, Height float64
	Verdict             gate.Verdict
	Words               string
}

// draw returns nil where there is nothing to see.
func draw(c *course.Course) *chart {
	if len(c.Weights) == 0 || !c.Ended.After(c.Weights[0].At) {
		return nil
	}
	s := newScale(c.Weights[0].At, c.Ended)
	d := &chart{Wide: wide, Left: left, Right: right, Colour: string(c.Candidate), Words: words(c)}
	d.weights(c, s)
	y := topEdge + tall + between
	if len(c.Samples) > 1 {
		y = d.curve(y, s, c.Samples, "Errors", 0.01, percent, func(f gate.Flow) float64 { return f.Errors() })
		y = d.curve(y, s, c.Samples, "p95", 0.1, millis, func(f gate.Flow) float64 { return f.P95.Seconds() })
	}
	for _, g := range c.Gates {
		d.lane(y, s, g)
		y += lane
	}
	d.Bottom = y + laneSpace - between/2
	d.Ticks = s.ticks()
	d.Tall = d.Bottom + 28
	return d
}

func words(c *course.Course) string {
	parts := make([]string, len(c.Weights))
	for i, p := range c.Weights {
		parts[i] = fmt.Sprintf("%v from %s", p.Weight, p.At.Format(time.TimeOnly))
	}
	if len(parts) > 20 {
		parts = append(parts[:20], "…")
	}
	return fmt.Sprintf("Share of the traffic of %s (UTC): %s.", c.Candidate, strings.Join(parts, ", "))
}

func height(weight float64) float64 { return topEdge + tall*(1-min(max(weight, 0), 100)/100) }

// weights draws the steps, the area below them, and where they went back.
func (d *chart) weights(c *course.Course, s scale) {
	var line strings.Builder
	last, labelled := height(0), -100.0
	fmt.Fprintf(&line, "M%.1f %.1f", s.x(c.Weights[0].At), last)
	for i, p := range c.Weights {
		x, y := s.x(p.At), height(float64(p.Weight))
		fmt.Fprintf(&line, "H%.1fV%.1f", x, y)
		if back := i > 0 && p.Weight < c.Weights[i-1].Weight; back {
			d.Backs = append(d.Backs, mark{x, last, "back"})
		} else if x-labelled > 34 {
			d.Levels = append(d.Levels, mark{x + 5, y - 6, fmt.Sprintf("%d %%", int(p.Weight))})
			labelled = x
		}
		last = y
	}
	end := s.x(c.Ended)
	d.Line = fmt.Sprintf("%sH%.1f", line.String(), end)
	d.Area = fmt.Sprintf("%sV%.1fZ", d.Line, height(0))
	for _, w := range []float64{0, 50, 100} {
		d.Grid = append(d.Grid, mark{left - 10, height(w), fmt.Sprintf("%.0f %%", w)})
	}
}

// curve draws a quantity up to its highest value, or to least where it stays
// below that, and returns where the next part begins.
func (d *chart) curve(y int, s scale, all []traffic.Sample, name string, least float64, show func(float64) string, of func(gate.Flow) float64) int {
	most, highest := least, 0.0
	for _, a := range all {
		highest = max(highest, of(a.Flow))
	}
	most = max(most, highest)
	base := y + low
	var path strings.Builder
	for i, a := range all {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], s.x(a.At), float64(base)-low*min(max(of(a.Flow)/most, 0), 1))
	}
	d.Curves = append(d.Curves, curve{Name: name, Most: "at most " + show(highest), Path: path.String(), Base: base, Middle: y + low/2})
	return base + between
}

func percent(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }
func millis(v float64) string  { return fmt.Sprintf("%.3g ms", 1000*v) }

// lane draws what a gate said; the worse, the higher.
func (d *chart) lane(y int, s scale, g course.Gate) {
	r := row{Name: clip(g.Rule), Whole: short(g.Rule), Y: y + lane - 6, Middle: y + lane - 10}
	for _, span := range g.Spans {
		from, until := s.x(span.From), s.x(span.Until)
		if until < left || until < from {
			continue
		}
		tall := 3 + 2.5*float64(min(max(span.Verdict, gate.Pass), gate.Rollback))
		r.Bars = append(r.Bars, bar{
			X: from, Width: max(until-from, 1.5), Y: float64(y+lane-6) - tall, Height: tall, Verdict: span.Verdict,
			Words: fmt.Sprintf("%s: %v from %s to %s", short(g.Rule), span.Verdict, span.From.Format(time.TimeOnly), span.Until.Format(time.TimeOnly)),
		})
	}
	d.Lanes = append(d.Lanes, r)
}

// clip keeps a name beside its lane.
func clip(name string) string {
	const most = 21
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return name
}
