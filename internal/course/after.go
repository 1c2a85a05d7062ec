package course

import (
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// After is what the shift warned of once the candidate had all the traffic, each
// text once: the gates of the last bake, the validation, and the alerts that fired.
// It is nil when the candidate did not keep the traffic.
func (c *Course) After() []string {
	if c.Weight() != 100 {
		return nil
	}
	whole := c.whole()
	all, seen := []string{}, map[string]bool{}
	for _, e := range c.Events {
		if e.Kind == traffic.Warned && !e.At.Before(whole) && !seen[e.Text] {
			seen[e.Text] = true
			all = append(all, e.At.UTC().Format(time.TimeOnly)+" UTC: "+e.Text)
		}
	}
	return all
}

// whole is since when the candidate has all the traffic. A run that took the last
// step up again has set its weight once more.
func (c *Course) whole() (at time.Time) {
	for _, p := range slices.Backward(c.Weights) {
		if p.Weight != 100 {
			break
		}
		at = p.At
	}
	return at
}

// Paused is how long the bakes stood still, over all attempts.
func (c *Course) Paused() (d time.Duration) {
	for _, b := range c.Steps {
		d += b.Paused
	}
	return d
}
