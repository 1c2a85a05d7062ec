package course

import (
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Course is how the traffic went. Its times are UTC.
type Course struct {
	Candidate release.Slot     `json:"candidate"`
	Good      release.Slot     `json:"good,omitempty"`
	Outcome   traffic.Outcome  `json:"outcome"` // of the last attempt
	Reason    string           `json:"reason,omitempty"`
	Attempts  int              `json:"attempts"`
	Rollbacks int              `json:"rollbacks"`
	Begun     time.Time        `json:"begun"`
	Ended     time.Time        `json:"ended"`
	Weights   []Point          `json:"weights"`
	Steps     []traffic.Baking `json:"steps"`
	Gates     []Gate           `json:"gates"`
	Figures   []Figure         `json:"figures,omitempty"`
	Proofs    []traffic.Proof  `json:"validation,omitempty"` // of the last attempt
	Ways      []*traffic.Way   `json:"back,omitempty"`
	Events    []traffic.Event  `json:"events"`
	Dropped   int              `json:"dropped,omitempty"` // events that were not kept
	Samples   []traffic.Sample `json:"samples,omitempty"`
}

// Point is a weight of the candidate, from a time on.
type Point struct {
	At     time.Time      `json:"at"`
	Weight release.Weight `json:"weight"`
}

// Of puts the logs of the release together, whatever their order; one that is
// there twice counts once. It returns nil when there is none, and beside what
// could be used an error when a log is of another release or another slot.
func Of(r release.Record, logs []traffic.Log) (*Course, error) {
	own := slices.DeleteFunc(slices.Clone(logs), func(l traffic.Log) bool { return l.Release != r.ID || l.Candidate != r.Candidate })
	var err error
	if strays := len(logs) - len(own); strays > 0 {
		err = fmt.Errorf("%d of %d logs of shifts are not of release %s to the %s slot", strays, len(logs), r.ID, r.Candidate)
	}
	if len(own) == 0 {
		return nil, err
	}
	slices.SortStableFunc(own, func(a, b traffic.Log) int { return a.Started.Compare(b.Started) })
	own = slices.CompactFunc(own, func(a, b traffic.Log) bool { return a.Started.Equal(b.Started) })
	c := new(Course)
	for _, l := range own {
		c.add(l)
	}
	c.end(r.Shifted)
	return c, err
}

// end adds a way back that was not the shift's own, as of a rollback in a job of
// its own.
func (c *Course) end(s *release.Shifted) {
	n := len(c.Weights)
	if s == nil || !s.RolledBack || n == 0 || c.Weights[n-1].Weight == 0 {
		return
	}
	c.Rollbacks++
	c.Outcome, c.Reason = traffic.RolledBack, s.Reason
	c.Weights = append(c.Weights, Point{s.At.UTC(), 0})
	c.Ended = latest(c.Ended, s.At.UTC())
}

// add appends an attempt, which began after those before it.
func (c *Course) add(l traffic.Log) {
	c.Attempts++
	c.Candidate, c.Good, c.Outcome, c.Reason, c.Proofs = l.Candidate, l.Good, l.Outcome, l.Reason, l.Validation
	if c.Begun.IsZero() {
		c.Begun = l.Started.UTC()
	}
	c.Ended = latest(c.Ended, l.Ended.UTC())
	c.Dropped += l.Dropped
	c.Steps = append(c.Steps, l.Steps...)
	c.Samples = append(c.Samples, l.Samples...)
	c.Events = append(c.Events, l.Events...)
	if l.Back != nil {
		c.Ways = append(c.Ways, l.Back)
	}
	if l.Outcome == traffic.RolledBack {
		c.Rollbacks++
	}
	c.weigh(l)
	c.account(l)
	c.compare(l)
}

// weigh adds the weights of an attempt: each step's, what a way back left, and
// what the candidate had at the end. An attempt that set none adds none.
func (c *Course) weigh(l traffic.Log) {
	for _, b := range l.Steps {
		if !b.Set.IsZero() {
			c.Weights = append(c.Weights, Point{b.Set.UTC(), b.Step.Weight})
		}
	}
	if w := l.Back; w != nil && l.Outcome == traffic.RolledBack {
		c.Weights = append(c.Weights, Point{w.Decided.Add(w.Write).UTC(), 0})
	}
	if n := len(c.Weights); n > 0 && c.Weights[n-1].Weight != l.Weight {
		c.Weights = append(c.Weights, Point{l.Ended.UTC(), l.Weight})
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Weight is what the candidate had at the end.
func (c *Course) Weight() release.Weight {
	if n := len(c.Weights); n > 0 {
		return c.Weights[n-1].Weight
	}
	return 0
}

// Round shortens a duration to what people read.
func Round(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
