package gate

import (
	"maps"
	"slices"
	"strings"
)

// tally counts how much raw counters grew, series by series, from one look to
// the next. It sees the first event of a series that is born in between, and
// takes a counter that went back for one that started again from 0.
type tally struct {
	last  map[string]float64
	total float64
	by    map[string]float64 // total by the label asked for
}

func newTally() *tally { return &tally{last: map[string]float64{}, by: map[string]float64{}} }

// add takes the present values of all series and returns the growth since the
// last call. A series that is not there keeps its last value.
func (c *tally) add(series []Series, group func(map[string]string) string) float64 {
	grown := 0.0
	for _, one := range series {
		key := identity(one.Labels)
		delta := one.Value - c.last[key]
		if one.Value < c.last[key] {
			delta = one.Value
		}
		c.last[key] = one.Value
		if delta > 0 {
			grown += delta
			c.by[group(one.Labels)] += delta
		}
	}
	c.total += grown
	return grown
}

// start takes the values that the series are counted from.
func (c *tally) start(series []Series) {
	for _, one := range series {
		c.last[identity(one.Labels)] = one.Value
	}
}

// largest lists the groups that grew most, at most limit of them.
func (c *tally) largest(limit int) []string {
	names := slices.SortedFunc(maps.Keys(c.by), func(a, b string) int {
		if c.by[a] != c.by[b] {
			return int(max(-1, min(1, c.by[b]-c.by[a])))
		}
		return strings.Compare(a, b)
	})
	return names[:min(limit, len(names))]
}

// identity is the labels of a series in a fixed order. The bytes between them
// occur in no UTF-8 text.
func identity(labels map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		text.WriteString(name + "\xfe" + labels[name] + "\xff")
	}
	return text.String()
}
