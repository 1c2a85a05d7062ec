package course

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Gate is what one gate said in all attempts.
type Gate struct {
	Rule  string               `json:"rule"`
	Worst gate.Verdict         `json:"worst"`
	Seen  string               `json:"seen"`
	Looks map[gate.Verdict]int `json:"looks"`
	Spans []Span               `json:"spans"`
}

// Span is a time in which a gate kept its verdict. The last one of an attempt
// ends with it.
type Span struct {
	From    time.Time    `json:"from"`
	Until   time.Time    `json:"until"`
	Verdict gate.Verdict `json:"verdict"`
}

// Said is how often a gate said what, worst last.
func (g Gate) Said() string {
	var parts []string
	for v := gate.Pass; v <= gate.Rollback; v++ {
		if n := g.Looks[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

// account adds what the gates said in an attempt.
func (c *Course) account(l traffic.Log) {
	for _, a := range l.Gates {
		i := slices.IndexFunc(c.Gates, func(g Gate) bool { return g.Rule == a.Rule })
		if i < 0 {
			i = len(c.Gates)
			c.Gates = append(c.Gates, Gate{Rule: a.Rule, Looks: map[gate.Verdict]int{}})
		}
		c.Gates[i].add(a, l)
	}
}

func (g *Gate) add(a traffic.Account, l traffic.Log) {
	if len(g.Spans) == 0 || a.Worst.Verdict >= g.Worst {
		g.Worst, g.Seen = a.Worst.Verdict, seen(a)
	}
	for v, n := range a.Looks {
		g.Looks[v] += n
	}
	for i, turn := range a.Turns {
		until := l.Ended
		if i+1 < len(a.Turns) {
			until = a.Turns[i+1].At
		}
		g.Spans = append(g.Spans, Span{turn.At.UTC(), until.UTC(), turn.Verdict})
	}
}

// seen is the last reading, and the worst where that was another.
func seen(a traffic.Account) string {
	text := a.Last.Reason
	if a.Worst.Verdict > gate.Warn && a.Worst.Reason != a.Last.Reason {
		text = fmt.Sprintf("%s; at worst %s", text, a.Worst.Reason)
	}
	return text
}
