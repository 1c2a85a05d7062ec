package rollback

import (
	"context"
	"errors"
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
	if way.Warning != "" {
		job.Page.Say("Beside the traffic: %s", way.Warning)
	}
}

func ms(d time.Duration) string {
	if d == 0 {
		return "not reached"
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// after does what comes after the traffic: the workers change sides, the claim
// is yielded, and the state of everything is written down. What cannot be done
// or asked is said; nothing here fails a rollback whose traffic is safe.
func after(ctx context.Context, job *action.Job, back traffic.Rollback, way *traffic.Way, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
	defer cancel()
	report(job, way, err)
	if way != nil && way.Write > 0 {
		job.Log.Info("the traffic was moved; what follows moves none", "to", way.Good, "effect", way.Effect)
	}
	ours := err == nil && yield(ctx, job, back)
	switch {
	case way != nil && way.Write > 0:
		warn(job, "the workers did not all change sides", change(ctx, job, way.Good))
	case ours: // a refusal leaves them alone: the slot may have all the traffic
		warn(job, "the workers of "+string(job.Release.Candidate)+" were not quieted", quiet(ctx, job, job.Release.Candidate))
	}
	if err != nil {
		breakGlass(job)
	}
	diagnose(ctx, job)
	return err
}

// breakGlass prints what works without any of this.
func breakGlass(job *action.Job) {
	s, err := connect.Switch(job)
	if err != nil {
		return
	}
	for _, to := range release.Slots {
		job.Page.Details("Break glass: all traffic to "+string(to)+", on the host of nginx", s.BreakGlass(to)+"\n# or: bluegreen rollback --force "+string(to))
	}
}

func warn(job *action.Job, what string, err error) {
	if err != nil {
		job.Warn("bluegreen rollback", what+": "+err.Error())
	}
}

// yield lets the next release have the slot, and reports whether it was this
// one's. Without a claim of its own this release has nothing in the slot: it is
// left alone.
func yield(ctx context.Context, job *action.Job, back traffic.Rollback) (ours bool) {
	if job.Release.Candidate == "" || job.Release.ID == "" {
		return false
	}
	ours, err := traffic.YieldClaim(ctx, back.Balancer.Ledger, job.Release.Candidate, job.Release.ID)
	warn(job, "the claim on the slot was not given up", err)
	return ours
}

// change quiets the workers of the slot that was left, and lets those of the
// good slot take jobs, which a release that was finished had stopped.
func change(ctx context.Context, job *action.Job, good release.Slot) error {
	err := quiet(ctx, job, good.Other())
	env, openErr := connect.Slot(ctx, job, good)
	if openErr != nil {
		return errors.Join(err, openErr)
	}
	n, startErr := env.Workers().Start(ctx)
	if startErr == nil {
		job.Page.Say("%d workers of %s take jobs.", n, good)
	}
	return errors.Join(err, startErr)
}

func quiet(ctx context.Context, job *action.Job, s release.Slot) error {
	env, err := connect.Slot(ctx, job, s)
	if err != nil {
		return err
	}
	q, err := env.Workers().Quiet(ctx)
	if q.Stopped > 0 {
		job.Page.Say("%d workers of %s finished their job and stopped; %d had to be killed.", q.Stopped, s, q.Killed)
	}
	return err
}
