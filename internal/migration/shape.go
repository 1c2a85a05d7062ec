package migration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Shape is a schema: the SQL that makes each of its objects, by the name of the
// object.
type Shape map[string]string

// difference is the first one between a schema and what it should be, in words; ""
// when there is none.
func (s Shape) difference(want Shape) string {
	for _, name := range slices.Sorted(maps.Keys(union(s, want))) {
		have, there := s[name]
		should, wanted := want[name]
		switch {
		case !wanted:
			return name + " is left"
		case !there:
			return name + " is missing"
		case have != should:
			return name + " is another: " + differing(have, should)
		}
	}
	return ""
}

// additive tells whether everything is as before, whatever else there is.
func (s Shape) additive(before Shape) bool {
	for name, text := range before {
		if s[name] != text {
			return false
		}
	}
	return true
}

func union(a, b Shape) Shape {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// differing is the first line that only one of two texts has.
func differing(have, want string) string {
	a, b := lines(have), lines(want)
	for _, l := range a {
		if !slices.Contains(b, l) {
			return fmt.Sprintf("it has %q", l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			return fmt.Sprintf("it lacks %q", l)
		}
	}
	return "its parts are in another order"
}

func lines(text string) []string {
	var list []string
	for l := range strings.Lines(text) {
		list = append(list, strings.TrimRight(strings.TrimSpace(l), ",;"))
	}
	return list
}
