package shift

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// assembly is a shift and what its report needs besides its log.
type assembly struct {
	traffic.Shift
	limits map[string]string // the thresholds of each gate, in words
	target string            // the environment that is released to
}

func assemble(ctx context.Context, job *action.Job, first bool, target string) (assembly, error) {
	balancer, err := connect.Balancer(job)
	if err != nil {
		return assembly{}, err
	}
	leases, err := connect.Leases(job)
	if err != nil {
		return assembly{}, err
	}
	candidate, err := connect.Slot(ctx, job, job.Release.Candidate)
	if err != nil {
		return assembly{}, err
	}
	a := assembly{target: target, Shift: traffic.Shift{
		Owner:     connect.Owner(job),
		Candidate: job.Release.Candidate,
		Settings:  job.Config.Shift,
		Balancer:  balancer, Leases: leases,
		Slot:     connect.Candidate{Job: job, Environment: candidate, Ready: balancer.Ready},
		Begun:    func(ctx context.Context) { connect.TellBegin(ctx, job) },
		Progress: progress(job),
		Found:    job.Findings,
	}}
	if err := a.measure(job); err != nil {
		return assembly{}, err
	}
	if first {
		a.Settings.Steps = []traffic.Step{{Weight: 100, Bake: last(a.Settings.Steps)}}
		a.Alarms = connect.Alarms(candidate)
		return a, nil
	}
	if a.Approvals, err = connect.Approvals(job, target); err != nil {
		return assembly{}, err
	}
	return a, a.wayBack(ctx, job, candidate)
}

// measure adds the gates, the questions of smoke beside them, and what is shown
// of the traffic.
func (a *assembly) measure(job *action.Job) error {
	watch, err := connect.Gates(job)
	if err != nil {
		return err
	}
	questions, err := connect.Ask(job)
	if err != nil {
		return err
	}
	looks := []gate.Evaluator{watch}
	if critical, public := questions.Count(); critical+public > 0 {
		looks = append(looks, &traffic.Repeats{Ask: questions.Again})
	} else {
		job.Log.Info("no check of smoke is critical or public, so none is asked while there is traffic")
	}
	if questions.Queue != nil {
		looks = append(looks, questions.Queue)
	}
	if a.Balancer.Own != nil {
		looks = append(looks, a.Balancer.Own)
	}
	a.Gates, a.Last = gate.Join(looks...), questions.Last
	a.Served, a.Flow, a.Lag = watch.Served, watch.Flow, 2*connect.Pace(job).Scrape
	a.limits = map[string]string{}
	a.limits[gate.RuleFiveXX] = "rollback, " + string(job.Config.Gates.FiveXX)
	for _, rule := range watch.Rules() {
		a.limits[rule.Name] = rule.Limits()
	}
	return nil
}

func (a *assembly) wayBack(ctx context.Context, job *action.Job, candidate *slot.Environment) error {
	good, err := connect.Good(ctx, job)
	if err != nil {
		return err
	}
	env, err := connect.Slot(ctx, job, good.Slot)
	if err != nil {
		return err
	}
	a.Good, a.Alarms, a.Healthy = good, connect.Alarms(candidate, env), connect.Healthy(job)
	return nil
}

// progress shows the events as lines, in a group for each step. What decides
// stands outside of them, where it is seen at once.
func progress(job *action.Job) func(traffic.Event) {
	return func(e traffic.Event) {
		switch e.Kind {
		case traffic.Entered:
			job.Group(e.Text)
			return
		case traffic.Decided, traffic.Returned, traffic.Ended:
			job.Group("")
		}
		job.Log.Info(e.Text)
	}
}

func both(one, other func(traffic.Event)) func(traffic.Event) {
	return func(e traffic.Event) { one(e); other(e) }
}

// last is the bake of the last step: a first release is watched as long.
func last(steps []traffic.Step) time.Duration {
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].Bake
}
