package release

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Weight is a share of the traffic in percent, 0 to 100.
type Weight int

// UnmarshalText accepts "10" and "10%".
func (w *Weight) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "%"))
	if err != nil || n < 0 || n > 100 {
		return fmt.Errorf("weight %q: want a whole number from 0 to 100", text)
	}
	*w = Weight(n)
	return nil
}

// UnmarshalJSON accepts the number that a weight is encoded as, and its text.
func (w *Weight) UnmarshalJSON(text []byte) error { return w.UnmarshalText(bytes.Trim(text, `"`)) }

// String prints the weight with its unit, such as "10%".
func (w Weight) String() string { return strconv.Itoa(int(w)) + "%" }

// Weights is how the traffic is split. The two sides add up to 100.
type Weights struct {
	Blue  Weight `json:"blue"`
	Green Weight `json:"green"`
}

// Split gives slot the weight w and the other slot the rest.
func Split(slot Slot, w Weight) Weights {
	if slot == Blue {
		return Weights{Blue: w, Green: 100 - w}
	}
	return Weights{Blue: 100 - w, Green: w}
}

// Of returns the weight of one slot.
func (w Weights) Of(slot Slot) Weight {
	if slot == Blue {
		return w.Blue
	}
	return w.Green
}

// Live returns the slot that has all the traffic, and false while it is split.
func (w Weights) Live() (Slot, bool) {
	switch {
	case w.Blue == 100:
		return Blue, true
	case w.Green == 100:
		return Green, true
	}
	return "", false
}

// String prints both sides, such as "blue 90% green 10%".
func (w Weights) String() string { return fmt.Sprintf("blue %v green %v", w.Blue, w.Green) }
