package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var begin = time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time {
	return begin.Add(time.Duration(minutes * float64(time.Minute)))
}

var record = release.Record{
	ID: "acme-mailblast-7002", Version: "v2.0.0", Commit: "4f0c1d2e3b5a69788796a5b4c3d2e1f00f1e2d3c", Candidate: release.Green, Good: release.Blue,
	Schema: &release.Schema{Before: 1, After: 3}, Backup: &release.Backup{Name: "mailblast-20261001-135210.dump"},
	Started: at(-14), Shifted: &release.Shifted{Weight: 100, At: at(31)},
}

// shifted is a log of a shift that went to 100 % with a pause on the way.
func shifted() traffic.Log {
	log := traffic.Log{
		Release: record.ID, Candidate: release.Green, Good: release.Blue, Outcome: traffic.Shifted, Weight: 100, Started: at(-0.5), Ended: at(31),
		Steps: []traffic.Baking{
			{Step: traffic.Step{Weight: 10, Bake: 5 * time.Minute}, Set: at(0), Share: traffic.Share{Blue: 897, Green: 103}, Good: 5 * time.Minute, Worst: gate.Warn, Done: true},
			{Step: traffic.Step{Weight: 50, Bake: 10 * time.Minute}, Set: at(5), Share: traffic.Share{Blue: 503, Green: 497}, Good: 10 * time.Minute, Paused: time.Minute, Worst: gate.Pause, Done: true},
			{Step: traffic.Step{Weight: 100, Bake: 15 * time.Minute}, Set: at(16), Share: traffic.Share{Green: 1000}, Good: 15 * time.Minute, Worst: gate.Pass, Done: true},
		},
		Before: &gate.Flow{Window: 5 * time.Minute, Requests: 18000, Mean: 18 * time.Millisecond, P95: 42 * time.Millisecond, P99: 88 * time.Millisecond},
		Validation: []traffic.Proof{
			{What: "no slower than before", Status: release.Passed, Saw: "mean 18ms before and 17.1ms now, p95 42ms and 39.8ms, errors 0% and 0%"},
			{What: "as much traffic as before", Status: release.Passed, Saw: "60.0 requests a second before and 60.4 now"},
			{What: "the queue mail", Status: release.Passed, Saw: "12 waiting at 100% and 9 at the end, in 90 looks"},
			{What: "answer times for 15 minutes", Status: release.NotShown, Saw: "512 requests in 15m0s: mean 17.1ms, p95 39.8ms, p99 84ms"},
		},
	}
	for i, text := range []string{"the shift begins", "step 1 of 3: 10% for 5m0s", "set green to 10%", "counted: blue 897 green 103 of 1000", "step 2 of 3: 50% for 10m0s", "p95 of green 212ms: pause above 200ms", "all gates pass again", "step 3 of 3: 100% for 15m0s", "green has all the traffic"} {
		kinds := []traffic.Kind{traffic.Began, traffic.Entered, traffic.Weighed, traffic.Observed, traffic.Entered, traffic.Warned, traffic.Judged, traffic.Entered, traffic.Ended}
		log.Events = append(log.Events, traffic.Event{At: at([]float64{-0.5, 0, 0.01, 0.2, 5, 8, 9, 16, 31}[i]), Kind: kinds[i], Text: text})
	}
	for i := range 186 {
		t := float64(i) / 6
		s := traffic.Sample{At: at(t), Weight: 10, Served: float64(100 * i), Flow: gate.Flow{Window: time.Minute, Requests: 3624, P95: time.Duration(38+(i*i*7)%11) * time.Millisecond, Mean: 17 * time.Millisecond, P99: 84 * time.Millisecond}}
		switch {
		case t >= 16:
			s.Weight = 100
		case t >= 5:
			s.Weight = 50
		}
		if t >= 7.5 && t < 9 {
			s.Flow.P95, s.Flow.Failed = 212*time.Millisecond, 2
		}
		log.Samples = append(log.Samples, s)
	}
	turns := func(all ...any) (out []traffic.Turn) {
		for i := 0; i < len(all); i += 2 {
			out = append(out, traffic.Turn{At: at(all[i].(float64)), Verdict: all[i+1].(gate.Verdict)})
		}
		return out
	}
	log.Gates = []traffic.Account{
		{Rule: "5xx", Looks: map[gate.Verdict]int{gate.Pass: 372}, Last: gate.Reading{Reason: "0 of 3624 requests failed"}, Worst: gate.Reading{Reason: "0 of 3624 requests failed"}, Turns: turns(0.0, gate.Pass)},
		{Rule: "p95-latency", Looks: map[gate.Verdict]int{gate.Pass: 352, gate.Warn: 8, gate.Pause: 12}, Last: gate.Reading{Reason: "39.8ms"}, Worst: gate.Reading{Verdict: gate.Pause, Reason: "212ms: pause above 200ms"}, Turns: turns(0.0, gate.Pass, 7.5, gate.Warn, 8.0, gate.Pause, 9.0, gate.Pass)},
		{Rule: "queue-length", Looks: map[gate.Verdict]int{gate.Pass: 360, gate.Inconclusive: 12}, Last: gate.Reading{Reason: "9 waiting"}, Worst: gate.Reading{Verdict: gate.Inconclusive, Reason: "no sample in 30s"}, Turns: turns(0.0, gate.Inconclusive, 1.0, gate.Pass)},
		{Rule: "smoke campaign can be created and sent", Looks: map[gate.Verdict]int{gate.Pass: 62}, Last: gate.Reading{Reason: "passed"}, Turns: turns(0.0, gate.Pass)},
	}
	return log
}

// taken is a log of a shift that came back from 50 %.
func taken() traffic.Log {
	log := shifted()
	log.Outcome, log.Weight, log.Ended = traffic.RolledBack, 0, at(10)
	log.Reason = "error-rate-high: 12 of 400 requests failed (3%) over 2m0s: rollback above 1%"
	log.Steps, log.Validation = log.Steps[:2], nil
	log.Back = &traffic.Way{Good: release.Blue, Reason: log.Reason, Decided: at(9.9), Write: 3 * time.Millisecond, Effect: 9 * time.Millisecond, Proof: 400 * time.Millisecond}
	log.Samples = slices.DeleteFunc(log.Samples, func(s traffic.Sample) bool { return s.At.After(log.Ended) })
	log.Gates[0].Turns = append(log.Gates[0].Turns, traffic.Turn{At: at(9.5), Verdict: gate.Rollback})
	log.Gates[0].Worst = gate.Reading{Verdict: gate.Rollback, Reason: log.Reason}
	return log
}

// evidence is of most that a release shows.
func evidence(change func(*release.Evidence)) []release.Evidence {
	var all []release.Evidence
	for i, item := range checklist.Items() {
		e := release.Evidence{ID: item.ID, Status: release.Passed, Observed: item.How, At: at(-10 + float64(i)/20)}
		switch {
		case item.Kind == checklist.SignOff:
			e.Status, e.Observed = release.SignedOff, "alice approved production-"+item.Role
		case item.Kind == checklist.Demo, item.Kind == checklist.Later, item.Owner == "rollback", strings.HasPrefix(item.ID, "7.2."), i%29 == 0:
			continue
		}
		if change != nil {
			change(&e)
		}
		all = append(all, e)
	}
	return all
}

func form(r release.Record, logs ...traffic.Log) checklist.Form {
	none := 0
	c, _ := course.Of(r, logs)
	if c != nil {
		none = c.Rollbacks
	}
	return checklist.Form{
		Release: r, DeployedBy: "erin", RunURL: "https://github.com/acme/mailblast/actions/runs/7002", Course: c,
		Approvals: []checklist.Approval{
			{Role: "qa", By: "alice", Approved: true, Comment: "watch the bounce rate\nfor a day", At: begin},
			{Role: "development", By: "bob", Approved: true, At: begin},
			{Role: "devops", By: "carol", Approved: true, At: begin},
			{Role: "product", By: "dave", Approved: true, At: begin},
		},
		ApprovalsRead: true, Issues: []string{"p95 of green 212ms: pause above 200ms"}, Rollbacks: &none,
	}
}

func document(t *testing.T, list []release.Evidence, f checklist.Form) checklist.Document {
	t.Helper()
	for _, lead := range checklist.Leads {
		list = append(list, release.Evidence{ID: lead.ID, Status: release.SignedOff, Observed: fmt.Sprintf("%s approved", lead.Title), At: at(-9)})
	}
	d := checklist.New(list, f)
	return d
}
