package traffic

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// cause is why the clock of a step runs or stands still.
type cause int

const (
	good    cause = iota // the gates let the step go on
	starved              // too little traffic, and nothing worse
	filling              // the windows of the gates are not covered yet
	asleep               // somebody has paused the shift, and nothing is worse
	halted               // a breach, lost metrics, no traffic at all, or weights that are not ours
)

// causeOf reads a decision. One without any reading was not measured, so it
// halts whatever it says. No traffic at all halts, too: it measured nothing. A
// first release has no users yet and no way back, so there it is too little. A
// window that is not covered is none of these: it says nothing, until the gates
// find that it takes too long.
func causeOf(d gate.Decision, first bool) cause {
	switch {
	case len(d.Readings) == 0:
		return halted
	case d.Verdict.Advances():
		return good
	case d.Verdict != gate.Inconclusive:
		return halted
	}
	why := starved
	for _, r := range d.Stopping() {
		switch thin := r.Code == gate.LowTraffic || first && r.Code == gate.NoTraffic; {
		case r.Code == gate.Partial:
			why = filling
		case !thin:
			return halted
		}
	}
	return why
}

// clock is the time of one step. Only the time between two good looks in a row
// that are at most two ticks apart is good time; what nobody watched is a pause.
type clock struct {
	tick    time.Duration
	started time.Time
	last    time.Time
	was     cause
	good    time.Duration
	thin    time.Duration // under the cause starved
	paused  time.Duration // under the cause halted, or unwatched
	gap     time.Duration // the longest between two looks
}

func newClock(tick time.Duration, at time.Time) *clock {
	return &clock{tick: tick, started: at, last: at, was: halted}
}

// look tells the clock what was seen at a time.
func (c *clock) look(at time.Time, now cause) {
	gap := at.Sub(c.last)
	c.gap = max(c.gap, gap)
	switch {
	case now == halted || gap > 2*c.tick:
		c.paused += gap
	case now == good && c.was == good:
		c.good += gap
	case now == starved || c.was == starved:
		c.thin += gap
	}
	c.last, c.was = at, now
}

// wall is how long the step has lasted.
func (c *clock) wall() time.Duration { return c.last.Sub(c.started) }

// next is how long to wait until the next look: a tick, or less when the step
// will be over before.
func (c *clock) next(bake time.Duration) time.Duration {
	if left := bake - c.good; c.was == good && left > 0 && left < c.tick {
		return left
	}
	return c.tick
}
