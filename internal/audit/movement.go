package audit

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// movement is how the traffic went, in tables.
type movement struct {
	Headline, Reason string
	Figures          []course.Figure
	Steps            []step
	Gates            []gateRow
	Proofs           []proof
	Ways             []wayBack
	Events           []event
	Dropped          int
}

type step struct {
	Weight, From, Good, Bake, Paused, Counted string
	Worst                                     gate.Verdict
}

type gateRow struct {
	Rule, Seen, Said string
	Worst            gate.Verdict
}

type proof struct {
	What, Saw string
	Status    release.Status
}

type wayBack struct{ Decided, Reason, Write, Effect, Proof string }

type event struct{ At, Kind, Text string }

func newMovement(c *course.Course) *movement {
	m := &movement{
		Headline: fmt.Sprintf("%s: %s had %d %% of the traffic at the end.", c.Outcome, c.Candidate, int(c.Weight())),
		Reason:   short(c.Reason), Figures: c.Figures, Dropped: c.Dropped,
	}
	for _, b := range c.Steps {
		m.Steps = append(m.Steps, step{
			Weight: fmt.Sprintf("%d %%", int(b.Step.Weight)), From: clock(b.Set), Good: span(b.Good), Bake: span(b.Step.Bake),
			Paused: some(b.Paused), Counted: b.Share.String(), Worst: b.Worst,
		})
	}
	for _, g := range c.Gates {
		m.Gates = append(m.Gates, gateRow{short(g.Rule), short(g.Seen), g.Said(), g.Worst})
	}
	for _, p := range c.Proofs {
		m.Proofs = append(m.Proofs, proof{short(p.What), short(p.Saw), p.Status})
	}
	for _, w := range c.Ways {
		m.Ways = append(m.Ways, wayBack{clock(w.Decided), short(w.Reason), reached(w.Write), reached(w.Effect), reached(w.Proof)})
	}
	for _, e := range c.Events {
		m.Events = append(m.Events, event{clock(e.At), short(string(e.Kind)), short(e.Text)})
	}
	return m
}

// some is a duration, where there was any.
func some(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return span(d)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

func reached(d time.Duration) string {
	if d == 0 {
		return "not reached"
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
