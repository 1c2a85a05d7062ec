package gate

import "time"

// The ticks that a pause takes to begin and to end; looks at one and the same
// scrape count as one. A rollback waits for none.
const (
	ticksToPause = 2
	ticksToClear = 4
)

// state is what one rule remembers between two looks. Only an observed good
// sample clears a breach; a look without a sample neither clears nor advances
// anything.
type state struct {
	pace    Pace
	counted time.Time // the look that bad or good was counted at last

	warn, pause, rollback breach

	bad, good int
	paused    bool
	missed    int       // looks in a row that the source did not answer
	partial   time.Time // since when the window is not covered
}

// breach is how long a threshold has been crossed, counting only the time
// between consecutive looks that both saw it. Looks that are more than 3 ticks
// or scrapes apart are not consecutive.
type breach struct {
	held time.Duration
	last time.Time // of the look before, when that saw it
}

// see takes one observation and returns whether the threshold has been crossed
// for its duration.
func (b *breach) see(t *Threshold, value float64, at time.Time, pace Pace) bool {
	if !t.crossed(value) {
		*b = breach{}
		return false
	}
	if step := at.Sub(b.last); !b.last.IsZero() && step > 0 && step <= 3*max(pace.Tick, pace.Scrape) {
		b.held += step
	}
	b.last = at
	return b.held >= t.For
}

// judge takes a sample and says what it means.
func (s *state) judge(r Rule, x sample, at time.Time) (Verdict, Code) {
	s.missed, s.partial = 0, time.Time{}
	rollback := s.rollback.see(r.Rollback, x.value, at, s.pace)
	pause := s.pause.see(r.Pause, x.value, at, s.pace)
	warn := s.warn.see(r.Warn, x.value, at, s.pace)
	few := r.Requests != "" && x.requests < float64(r.MinSamples)
	switch {
	case few && r.surely(x):
		return s.worse(Breach, at)
	case few:
		return s.better(Inconclusive, LowTraffic, at)
	case rollback && (x.whole || !r.isRatio()):
		return Rollback, Breach
	case r.Rollback.crossed(x.value):
		s.hold()
		return Pause, Pending
	case pause:
		return s.worse(Breach, at)
	case r.Pause.crossed(x.value):
		return s.still(Inconclusive), Pending
	case warn:
		return s.better(Warn, Breach, at)
	}
	return s.better(Pass, OK, at)
}

// doubt takes a look that brought no sample.
func (s *state) doubt(err error, window time.Duration, at time.Time) (Verdict, Code) {
	s.warn.last, s.pause.last, s.rollback.last = time.Time{}, time.Time{}, time.Time{}
	if answered(err) {
		s.missed = 0
	} else {
		s.missed++
	}
	code := codeOf(err, s.missed)
	switch {
	case code == TargetDown:
		return s.worse(code, at)
	case code == Partial && s.tooLong(window, at):
		return s.worse(code, at)
	case code != Partial:
		s.partial = time.Time{}
	}
	return s.still(Inconclusive), code
}

// tooLong says whether the window has not been covered for twice its length.
func (s *state) tooLong(window time.Duration, at time.Time) bool {
	if s.partial.IsZero() {
		s.partial = at
	}
	return at.Sub(s.partial) > 2*window
}

// fresh says whether a look at this time has seen another scrape than the one
// that was counted last.
func (s *state) fresh(at time.Time) bool {
	if at.Sub(s.counted) < s.pace.Scrape*3/4 {
		return false
	}
	s.counted = at
	return true
}

// worse counts a bad tick. The first one of a row stops the clock, and the next
// one pauses.
func (s *state) worse(code Code, at time.Time) (Verdict, Code) {
	s.good = 0
	if s.bad == 0 || s.fresh(at) {
		s.counted = at
		s.bad++
	}
	if s.bad >= ticksToPause {
		s.paused = true
	}
	if s.paused {
		return Pause, code
	}
	if code == Breach {
		code = Pending
	}
	return Inconclusive, code
}

// better counts a good tick. A pause ends with the last one of a row.
func (s *state) better(v Verdict, code Code, at time.Time) (Verdict, Code) {
	s.bad = 0
	if !s.paused {
		return v, code
	}
	if s.good == 0 || s.fresh(at) {
		s.counted = at
		s.good++
	}
	if s.good < ticksToClear {
		return Pause, Clearing
	}
	s.paused, s.good = false, 0
	return v, code
}

// hold pauses at once.
func (s *state) hold() {
	s.paused, s.good = true, 0
	s.bad = ticksToPause
}

// still is v, or the pause that goes on.
func (s *state) still(v Verdict) Verdict {
	if s.paused {
		return max(v, Pause)
	}
	return v
}
