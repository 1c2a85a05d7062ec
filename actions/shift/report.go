package shift

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// marks gives each outcome its sign.
var marks = map[traffic.Outcome]summary.Mark{
	traffic.Shifted: summary.Good, traffic.Unchanged: summary.Good,
	traffic.RolledBack: summary.Back, traffic.HeldAt: summary.Warn,
	traffic.RefusedTo: summary.Bad, traffic.Stopped: summary.Warn, traffic.Stranded: summary.Bad,
}

func (a assembly) report(job *action.Job, log *traffic.Log) {
	page := job.Page
	mark := marks[log.Outcome]
	if log.Sick != "" {
		mark = summary.Bad
	}
	page.Verdict(mark, "shift: %s, %s has %v of the traffic", log.Outcome, log.Candidate, log.Weight)
	if log.Reason != "" {
		page.Say("%s", log.Reason)
	}
	if log.Back != nil {
		reportBack(page, log.Back)
	}
	draw(page, log)
	reportSteps(page, log.Steps)
	reportValidation(page, log.Validation)
	reportGates(page, log, a.limits)
	reportEvents(page, log)
	var next []string
	if log.Outcome == traffic.RolledBack {
		next = append(next, "Read the diagnostics of the rollback, mend the release, and start a new run.",
			"Nothing is urgent: "+string(log.Good)+" has all the traffic, and what failed is at 0.")
	}
	if roles := waiting(a.Settings.Steps, reached(log)); len(roles) > 0 {
		next = append(next, reject(a.target, roles))
	}
	page.Next(next...)
}

// eventsShown is how many events stand on the page at once; of more, the table
// opens on a click.
const eventsShown = 40

func reportEvents(page *summary.Page, log *traffic.Log) {
	events := make([]summary.Event, len(log.Events))
	for i, e := range log.Events {
		events[i] = summary.Event{At: e.At, Text: e.Text}
	}
	if len(events) <= eventsShown {
		page.Timeline(events)
		return
	}
	page.Fold(fmt.Sprintf("Timeline: %d events, of which %d are not kept", len(events)+log.Dropped, log.Dropped), func(p *summary.Page) { p.Timeline(events) })
}

func reportBack(page *summary.Page, w *traffic.Way) {
	page.Table([]string{"way back", "after the decision"}, [][]string{
		{"the load balancer had taken the change", ms(w.Write)},
		{"no new request reached the bad slot", ms(w.Effect)},
		{"read back and counted: " + w.Share.String(), ms(w.Proof)},
	})
	var rows [][]string
	for _, side := range w.Sides {
		rows = append(rows, []string{side.Name, ms(side.Write), fmt.Sprint(side.Tries), side.Problem})
	}
	page.Table([]string{"load balancer", "had taken the change after", "tries", "trouble"}, rows)
}

func reportSteps(page *summary.Page, steps []traffic.Baking) {
	var rows [][]string
	for _, b := range steps {
		rows = append(rows, []string{
			b.Step.Weight.String(), b.Share.String(),
			round(b.Good) + " of " + round(b.Step.Bake), round(b.Paused), b.Worst.String(), tick(b.Done),
		})
	}
	page.Table([]string{"step", "counted", "good time", "paused", "worst verdict", "done"}, rows)
}

func reportValidation(page *summary.Page, proofs []traffic.Proof) {
	var rows [][]string
	for _, p := range proofs {
		rows = append(rows, []string{p.What, string(p.Status), p.Saw})
	}
	if len(rows) > 0 {
		page.Section("With all the traffic")
	}
	page.Table([]string{"validation", "status", "seen"}, rows)
}

func back(log *traffic.Log) int {
	if log.Back == nil {
		return 0
	}
	return int(log.Back.Effect.Milliseconds())
}

func ms(d time.Duration) string {
	if d == 0 {
		return "not reached"
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func round(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

func tick(done bool) string {
	if done {
		return "✔"
	}
	return ""
}
