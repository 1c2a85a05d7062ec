package summary

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Chart is one quantity over time. It is drawn by Mermaid, which GitHub shows in
// a summary; images it shows only from elsewhere.
type Chart struct {
	Title  string
	Unit   string        // of the values
	Over   time.Duration // from the first value to the last
	Values []float64     // evenly spaced; what is no finite number is drawn as 0
	Top    float64       // that the axis reaches at least
}

// maxPoints is how many values are drawn. Mermaid refuses a block of more than
// 50,000 characters, and nobody sees more.
const maxPoints = 120

// Chart draws values over time. A chart without time or with fewer than two
// values is left out. It is no more than a picture: what it shows must be on the
// page as text, too.
func (p *Page) Chart(c Chart) {
	if len(c.Values) >= 2 && c.Over > 0 {
		p.add(c)
	}
}

func (c Chart) markdown(b *strings.Builder) {
	every := (len(c.Values) + maxPoints - 1) / maxPoints
	var points []string
	top := c.Top
	for i := 0; i < len(c.Values); i += every {
		v := c.Values[i]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			v = 0
		}
		top = max(top, v)
		points = append(points, number(v))
	}
	if top <= 0 {
		top = 1
	}
	axis, long := "seconds", c.Over.Seconds()
	if c.Over >= 3*time.Minute {
		axis, long = "minutes", c.Over.Minutes()
	}
	fmt.Fprintf(b, "```mermaid\n%%%%{init: {\"xyChart\": {\"width\": 900, \"height\": 220}}}%%%%\nxychart-beta\n"+
		"    title \"%s\"\n    x-axis \"%s\" 0 --> %s\n    y-axis \"%s\" 0 --> %s\n    line [%s]\n```\n\n",
		quoted(c.Title), axis, number(math.Round(long*10)/10), quoted(c.Unit), number(top), strings.Join(points, ", "))
}

// number is written without an exponent, which Mermaid does not read.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}

// quoted makes a text fit to stand between Mermaid's quotes: letters, digits,
// blanks and harmless signs of it.
func quoted(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune(" .,:/%()-", r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ReplaceAll(cut(line(text)), "%%", "%"))
}
