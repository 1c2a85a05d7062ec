package course

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Figure is one quantity of the live slot before the first weight, and of the
// candidate when it was last measured with traffic.
type Figure struct {
	Name   string `json:"name"`
	Before string `json:"before"` // empty where it was not measured
	After  string `json:"after"`
}

// compare keeps the first figures from before and the last ones from after.
func (c *Course) compare(l traffic.Log) {
	after, measured := last(l)
	if l.Before == nil && !measured {
		return
	}
	fresh := figures(l.Before, after, measured)
	for i := range c.Figures { // in the same order
		fresh[i].Before = c.Figures[i].Before
		if !measured {
			fresh[i].After = c.Figures[i].After
		}
	}
	c.Figures = fresh
}

// last is the last sample under traffic.
func last(l traffic.Log) (traffic.Sample, bool) {
	for i := len(l.Samples) - 1; i >= 0; i-- {
		if s := l.Samples[i]; s.Weight > 0 && s.Flow.Requests > 0 {
			return s, true
		}
	}
	return traffic.Sample{}, false
}

func figures(before *gate.Flow, after traffic.Sample, measured bool) []Figure {
	row := func(name string, show func(gate.Flow) string) Figure {
		f := Figure{Name: name}
		if before != nil {
			f.Before = show(*before)
		}
		if measured {
			f.After = show(after.Flow)
		}
		return f
	}
	all := []Figure{
		row("requests a second", func(f gate.Flow) string { return fmt.Sprintf("%.1f", f.Rate()) }),
		row("errors", func(f gate.Flow) string { return fmt.Sprintf("%.3g %%", 100*f.Errors()) }),
		row("mean", func(f gate.Flow) string { return ms(f.Mean) }),
		row("p95", func(f gate.Flow) string { return ms(f.P95) }),
		row("p99", func(f gate.Flow) string { return ms(f.P99) }),
		row("requests measured", func(f gate.Flow) string { return fmt.Sprintf("%.0f in %v", f.Requests, f.Window) }),
		{Name: "weight", Before: map[bool]string{true: release.Weight(100).String()}[before != nil]},
	}
	if measured {
		all[len(all)-1].After = after.Weight.String()
	}
	return all
}

func ms(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
