package checklist

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// eventsShown is how many events stand on the page at once; of more, the table
// opens on a click.
const eventsShown = 40

// course writes how the traffic went: the figures before and after, the steps,
// the gates, and the timeline.
func (w *page) course(c *course.Course) {
	w.line("\n## Traffic\n")
	if c == nil {
		w.line("No log of a shift was found, so the timeline and the figures are not known.")
		return
	}
	var p summary.Page
	p.Say("%s, in attempt %d; the %s slot had %s of the traffic at the end.", c.Outcome, c.Attempts, c.Candidate, c.Weight())
	p.Table([]string{"figure", "before", "after"}, figures(c))
	p.Table([]string{"weight", "from (UTC)", "good time", "paused", "counted", "worst verdict"}, steps(c))
	p.Table([]string{"gate", "worst", "seen", "looks"}, gates(c))
	p.Table([]string{"validation with all the traffic", "status", "seen"}, proofs(c))
	var events []summary.Event
	for _, e := range c.Events {
		events = append(events, summary.Event{At: e.At, Text: e.Text})
	}
	if len(events) <= eventsShown {
		p.Timeline(events)
	} else {
		p.Fold(fmt.Sprintf("Timeline: %d events, and %d that are not kept", len(events), c.Dropped), func(p *summary.Page) { p.Timeline(events) })
	}
	w.WriteString(p.Markdown())
}

func figures(c *course.Course) (rows [][]string) {
	for _, f := range c.Figures {
		rows = append(rows, []string{f.Name, f.Before, f.After})
	}
	return rows
}

func steps(c *course.Course) (rows [][]string) {
	for _, b := range c.Steps {
		rows = append(rows, []string{
			b.Step.Weight.String(), b.Set.UTC().Format(time.TimeOnly), course.Round(b.Good) + " of " + course.Round(b.Step.Bake), course.Round(b.Paused),
			b.Share.String(), b.Worst.String(),
		})
	}
	return rows
}

func gates(c *course.Course) (rows [][]string) {
	for _, g := range c.Gates {
		rows = append(rows, []string{g.Rule, g.Worst.String(), g.Seen, g.Said()})
	}
	return rows
}

func proofs(c *course.Course) (rows [][]string) {
	for _, p := range c.Proofs {
		rows = append(rows, []string{p.What, string(p.Status), p.Saw})
	}
	return rows
}
