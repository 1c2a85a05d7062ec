package gate

import "github.com/bluegreen-actions/bluegreen/internal/release"

// Shows says whether the reading shows that its rule holds, and whether it
// shows anything at all: a look without a sample, or in the middle of a breach
// that is not confirmed, does not.
func (r Reading) Shows() (holds, shown bool) {
	switch r.Verdict {
	case Pass, Warn:
		return true, true
	case Pause, Rollback:
		return false, r.Code == Breach || r.Code == Crash || r.Code == Pending
	}
	return false, false
}

// Show adds what the readings show to f, under the items of their rules. Since
// a failed item stays failed, it is meant for the decision that ends a step.
func (d Decision) Show(f *release.Findings) {
	for _, r := range d.Readings {
		holds, shown := r.Shows()
		for _, id := range r.Evidence {
			switch {
			case r.DryRun:
				f.Miss(id, "%s: %s (dry run)", r.Rule, r.Reason)
			case !shown:
				f.Miss(id, "%s: %s: %s", r.Rule, r.Code, r.Reason)
			default:
				f.Show(id, holds, "%s: %s", r.Rule, r.Reason)
			}
		}
	}
}
