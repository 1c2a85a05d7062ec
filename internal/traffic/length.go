package traffic

import "time"

// Length is how long a shift lasts without a breach: at least all bakes, and at
// most when traffic is thin and every approval comes in the last minute. A step
// that holds ends a run, so it is the length of the longest run. Pauses come on
// top.
func (s Settings) Length() (least, most time.Duration) {
	var short, long time.Duration
	for _, step := range s.Steps {
		if step.Approval != "" {
			long += s.ApprovalTimeout
		}
		short, long = short+step.Bake, long+s.longest(step)
		least, most = max(least, short), max(most, long)
		if step.Hold {
			short, long = 0, 0
		}
	}
	return least, most
}
