package release

import "fmt"

// Slot is one of the two fixed environments. Which of them is live is never a
// property of the slot: it is read from the load balancer.
type Slot string

// The two slots. There is no third.
const (
	Blue  Slot = "blue"
	Green Slot = "green"
)

// Slots lists both slots in a fixed order.
var Slots = [...]Slot{Blue, Green}

// Other returns the slot beside s. A rollback never uses it: it goes to the
// good slot that was written down.
func (s Slot) Other() Slot {
	if s == Blue {
		return Green
	}
	return Blue
}

// UnmarshalText accepts "blue" and "green" and refuses everything else.
func (s *Slot) UnmarshalText(text []byte) error {
	switch v := Slot(text); v {
	case Blue, Green:
		*s = v
		return nil
	default:
		return fmt.Errorf("slot %q: want blue or green", text)
	}
}

// Role is what a slot is for at the moment.
type Role string

// The roles of a slot.
const (
	Live      Role = "live"      // has the traffic
	Idle      Role = "idle"      // has none
	Candidate Role = "candidate" // the slot that a running release goes to
)
