package gate

import (
	"math"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Reachable is how long a step at this weight must last before the rule has its
// samples, when perSecond requests arrive at both slots together. It is false
// when that never happens, and 0 for a rule that needs no samples.
func Reachable(perSecond float64, r Rule, weight release.Weight) (needed time.Duration, ok bool) {
	if r.Requests == "" || r.MinSamples == 0 {
		return 0, true
	}
	share := perSecond * float64(weight) / 100
	seconds := math.Ceil(float64(r.MinSamples) / share)
	if !(share > 0) || seconds > math.MaxInt64/1e9 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}
