package shift

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// marks gives each outcome its sign.
var marks = map[traffic.Outcome]summary.Mark{
	traffic.Shifted: summary.Good, traffic.Unchanged: summary.Good,
	traffic.RolledBack: summary.Back, traffic.HeldAt: summary.Warn,
	traffic.RefusedTo: summary.Bad, traffic.Stopped: summary.Warn, traffic.Stranded: summary.Bad,
}

func report(job *action.Job, log *traffic.Log, err error) {
	job.Page.Verdict(marks[log.Outcome], "shift: %s, %s has %v of the traffic", log.Outcome, log.Candidate, log.Weight)
	if log.Reason != "" {
		job.Page.Say("%s", log.Reason)
	}
	if log.Back != nil {
		reportBack(job, log.Back)
	}
	reportSteps(job, log.Steps)
	reportGates(job, log.Readings)
	events := make([]summary.Event, len(log.Events))
	for i, e := range log.Events {
		events[i] = summary.Event{At: e.At, Text: e.Text}
	}
	job.Page.Timeline(events)
	if log.Outcome == traffic.RolledBack {
		job.Page.Next("Read the diagnostics of the rollback, mend the release, and start a new run.",
			"Nothing is urgent: "+string(log.Good)+" has all the traffic, and what failed is at 0.")
	}
}

func reportBack(job *action.Job, w *traffic.Way) {
	job.Page.Table([]string{"way back", "after the decision"}, [][]string{
		{"the load balancer had taken the change", ms(w.Write)},
		{"no new request reached the bad slot", ms(w.Effect)},
		{"read back and counted: " + w.Share.String(), ms(w.Proof)},
	})
}

func reportSteps(job *action.Job, steps []traffic.Baking) {
	var rows [][]string
	for _, b := range steps {
		rows = append(rows, []string{
			b.Step.Weight.String(), b.Share.String(),
			round(b.Good) + " of " + round(b.Step.Bake), round(b.Paused), b.Worst.String(), tick(b.Done),
		})
	}
	job.Page.Table([]string{"step", "counted", "good time", "paused", "worst verdict", "done"}, rows)
}

func reportGates(job *action.Job, readings []gate.Reading) {
	var rows [][]string
	for _, r := range readings {
		rows = append(rows, []string{r.Rule, r.Verdict.String(), r.Reason})
	}
	if len(rows) > 0 {
		job.Page.Section("Gates, at the last decision")
	}
	job.Page.Table([]string{"gate", "verdict", "seen"}, rows)
}

func back(log *traffic.Log) int {
	if log.Back == nil {
		return 0
	}
	return int(log.Back.Effect.Milliseconds())
}

func ms(d time.Duration) string    { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
func round(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

func tick(done bool) string {
	if done {
		return "✔"
	}
	return ""
}
