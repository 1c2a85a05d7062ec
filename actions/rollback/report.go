package rollback

import (
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
	case way == nil && job.Release.Superseded != "":
		job.Page.Verdict(summary.Good, "rollback: there was nothing to move; this release has no traffic, and was superseded by %s, which was left alone", job.Release.Superseded.Named())
	case way == nil:
		job.Page.Verdict(summary.Good, "rollback: there was nothing to move; this release has no traffic")
	case !way.Moved():
		job.Page.Verdict(summary.Good, "rollback: there was nothing more to move: %s had all the traffic, and was given it once more", way.Good)
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
	if way.Woken > 0 {
		job.Page.Say("%s was stopped: its start took %s of that time.", way.Good, ms(way.Woken))
	}
	job.Page.Table([]string{"load balancer", "had taken the change after", "tries", "trouble"}, sides(way))
	if way.Warning != "" {
		job.Page.Say("Beside the traffic: %s", way.Warning)
	}
}

// sides is each of several load balancers.
func sides(way *traffic.Way) (rows [][]string) {
	for _, side := range way.Sides {
		rows = append(rows, []string{side.Name, ms(side.Write), fmt.Sprint(side.Tries), side.Problem})
	}
	return rows
}

func ms(d time.Duration) string {
	if d == 0 {
		return "not reached"
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// breakGlass prints what works without any of this.
func breakGlass(job *action.Job) {
	b, err := connect.Balancer(job)
	if err != nil || b.BreakGlass == nil {
		return
	}
	for _, to := range release.Slots {
		job.Page.Details("Break glass: all traffic to "+string(to)+", where the load balancer is", b.BreakGlass(to)+"\n# or: bluegreen rollback --force "+string(to))
	}
}

func warn(job *action.Job, what string, err error) {
	if err != nil {
		job.Warn("bluegreen rollback", what+": "+err.Error())
	}
}
