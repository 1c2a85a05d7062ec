package traffic

import (
	"fmt"
	"math"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Confident is the number of standard deviations of an interval that has the
// true value in 95 of 100 cases.
const Confident = 1.96

// Interval is where the slot's true weight is, in percent, as far as the counts
// can tell: the score interval of Wilson (1927), which also holds for few
// requests and for weights near 0 and 100. Without any request it is everything.
func (s Share) Interval(slot release.Slot, deviations float64) (low, high float64) {
	n := float64(s.Total())
	if n == 0 {
		return 0, 100
	}
	p, zz := float64(s.Of(slot))/n, deviations*deviations
	middle := (p + zz/(2*n)) / (1 + zz/n)
	reach := deviations / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	low, high = 100*(middle-reach), 100*(middle+reach)
	switch p { // exactly, which the sums are not
	case 0:
		low = 0
	case 1:
		high = 100
	}
	return low, high
}

// Shown is the slot's counted weight with what it is worth, such as
// "10.3 % (8.6 to 12.3 with 95 % confidence, of 1000 requests)".
func (s Share) Shown(slot release.Slot) string {
	if s.Total() == 0 {
		return "not counted"
	}
	low, high := s.Interval(slot, Confident)
	return fmt.Sprintf("%.1f %% (%.1f to %.1f with 95 %% confidence, of %d requests)", 100*float64(s.Of(slot))/float64(s.Total()), low, high, s.Total())
}
