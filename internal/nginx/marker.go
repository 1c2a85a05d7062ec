package nginx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The rules of the markers, which the generated configuration and the reader
// below follow alike. The markers have one fixed order; of those that exist the
// last one decides:
//
//	live-SLOT   all traffic to the slot: what is there when nothing else is
//	SLOT-10     10 % to the slot, which is the candidate
//	SLOT-100    all traffic to the slot, while its release is not finalized
//	back-SLOT   all traffic back to the slot
//
// A writer creates the marker that wins before it removes those that lose, and
// removes these from the lowest to the highest. So after each single write the
// split is either the one before or the one after.

// kind is what a marker is for, in the order of the kinds.
type kind int

const (
	live kind = iota
	step
	full
	back
)

// marker is one of the files that decide.
type marker struct {
	kind   kind
	slot   release.Slot
	weight release.Weight // of the slot
}

func (m marker) name() string {
	switch m.kind {
	case live:
		return "live-" + string(m.slot)
	case back:
		return "back-" + string(m.slot)
	}
	return string(m.slot) + "-" + strconv.Itoa(int(m.weight))
}

// weights is the split under this marker.
func (m marker) weights() release.Weights { return release.Split(m.slot, m.weight) }

// parseMarker reads the name of a marker. Names that only look like one, such
// as blue-010, are refused.
func parseMarker(name string) (marker, error) {
	head, tail, _ := strings.Cut(name, "-")
	var m marker
	switch head {
	case "live", "back":
		m = marker{kind: live, weight: 100}
		if head == "back" {
			m.kind = back
		}
		if err := m.slot.UnmarshalText([]byte(tail)); err != nil {
			return marker{}, fmt.Errorf("marker %q: %w", name, err)
		}
	default:
		if err := m.slot.UnmarshalText([]byte(head)); err != nil {
			return marker{}, fmt.Errorf("marker %q: %w", name, err)
		}
		if err := m.weight.UnmarshalText([]byte(tail)); err != nil {
			return marker{}, fmt.Errorf("marker %q: %w", name, err)
		}
		if m.kind = step; m.weight == 100 {
			m.kind = full
		}
	}
	if m.weight == 0 || m.name() != name {
		return marker{}, fmt.Errorf("marker %q: want one such as %q", name, m.name())
	}
	return m, nil
}

// order lists all markers for the steps, the one that decides last.
func order(steps []release.Weight) []marker {
	var all []marker
	add := func(k kind, weights ...release.Weight) {
		for _, slot := range release.Slots {
			for _, w := range weights {
				all = append(all, marker{k, slot, w})
			}
		}
	}
	between := slices.DeleteFunc(slices.Clone(steps), func(w release.Weight) bool { return w <= 0 || w >= 100 })
	slices.Sort(between)
	add(live, 100)
	add(step, slices.Compact(between)...)
	add(full, 100)
	add(back, 100)
	return all
}

// candidate is the marker that gives the slot a weight, and false for 0, which
// needs none.
func candidate(slot release.Slot, w release.Weight) (marker, bool) {
	switch w {
	case 0:
		return marker{}, false
	case 100:
		return marker{full, slot, w}, true
	}
	return marker{step, slot, w}, true
}
