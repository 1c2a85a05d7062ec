package rollback

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func report(job *action.Job, way *traffic.Way, err error) {
	switch {
	case err != nil:
		job.Page.Verdict(summary.Bad, "rollback: not proven")
	case way == nil:
		job.Page.Verdict(summary.Good, "rollback: there was nothing to move; this release has no traffic")
		return
	default:
		job.Page.Verdict(summary.Back, "rollback: %s has all the traffic, %d ms after the decision", way.Good, way.Effect.Milliseconds())
	}
	if way == nil {
		return
	}
	job.Page.Say("Reason: %s", way.Reason)
	job.Page.Table([]string{"stage", "after the decision"}, [][]string{
		{"the load balancer had taken the change", ms(way.Write)},
		{"no new request reached the other slot", ms(way.Effect)},
		{fmt.Sprintf("read back %v and counted %v", way.Weights, way.Share), ms(way.Proof)},
	})
	if way.Warning != "" {
		job.Page.Say("Beside the traffic: %s", way.Warning)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// tail is how many lines of each log the plan wants to see.
const tail = 200

// diagnose quiets the candidate's workers and writes down the state of
// everything, after the traffic is safe. What cannot be asked is said; nothing
// here fails the rollback.
func diagnose(ctx context.Context, job *action.Job) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	quiet(ctx, job)
	var rows [][]string
	for _, s := range release.Slots {
		rows = append(rows, slotState(ctx, job, s)...)
	}
	for _, look := range connect.Diagnostics(ctx, job) {
		rows = append(rows, []string{look.What, look.Saw, look.Problem})
	}
	job.Page.Section("What both slots and the stores say")
	job.Page.Table([]string{"what", "state", "trouble"}, rows)
}

// quiet stops the workers of a candidate that is not to be trusted.
func quiet(ctx context.Context, job *action.Job) {
	if job.Release.Candidate == "" {
		return
	}
	env, err := connect.Slot(ctx, job, job.Release.Candidate)
	if err == nil {
		var q struct{ stopped, killed int }
		result, quietErr := env.Workers().Quiet(ctx)
		q.stopped, q.killed, err = result.Stopped, result.Killed, quietErr
		if err == nil && q.stopped > 0 {
			job.Page.Say("%d workers of %s finished their job and stopped; %d had to be killed.", q.stopped, job.Release.Candidate, q.killed)
		}
	}
	if err != nil {
		job.Warn("bluegreen rollback", fmt.Sprintf("the workers of %s were not quieted: %v", job.Release.Candidate, err))
	}
}

func slotState(ctx context.Context, job *action.Job, s release.Slot) [][]string {
	env, err := connect.Slot(ctx, job, s)
	if err != nil {
		return [][]string{{string(s), "", err.Error()}}
	}
	trouble := ""
	if err := env.Healthy(ctx); err != nil {
		trouble = err.Error()
	}
	rows := [][]string{{string(s) + " slot", map[bool]string{true: "can take traffic", false: "cannot take traffic"}[trouble == ""], trouble}}
	logs, err := env.Logs(ctx, tail)
	if err != nil {
		return append(rows, []string{string(s) + " logs", "", err.Error()})
	}
	for name, text := range logs {
		if err := job.ReportText(fmt.Sprintf("logs/%s-%s.log", s, name), text); err != nil {
			rows = append(rows, []string{string(s) + " log of " + name, "", err.Error()})
		}
	}
	return rows
}
