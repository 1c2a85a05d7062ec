package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// approvals reads what roles decide in this run: another job of it waits in the
// environment of each role, and GitHub keeps the decision in the run's history.
type approvals struct {
	settings signoff.Settings
	source   signoff.Source
	request  signoff.Request
	attempt  int

	mu   sync.Mutex
	past map[string][]signoff.Decision // of earlier attempts, which do not count; by role
}

// Approvals opens the run's history, or returns nil where no step waits for it.
func Approvals(job *action.Job, target string) (traffic.Approvals, error) {
	waits, err := Approvers(job)
	if err != nil || len(waits) == 0 {
		return nil, err
	}
	source, err := GitHub(job)
	if err != nil {
		return nil, err
	}
	if target == "" {
		return nil, release.Reject("call rollout.yml, or pass the environment that is released to, such as production, in the input environment; where nobody is to be asked, remove approval from shift.steps",
			"a step waits for the approval of %s, whose environment is named after the one that is released to", strings.Join(waits, ", "))
	}
	return &approvals{
		settings: job.Config.SignOff, source: source, attempt: job.Runner.Attempt, past: map[string][]signoff.Decision{},
		request: signoff.Request{Target: target, Run: job.Runner.RunID, Release: job.Release},
	}, nil
}

// Approvers lists the roles that steps wait for, each once. It refuses one that is
// not there for steps: what it has approved before the shift would open the step.
func Approvers(job *action.Job) ([]string, error) {
	var all []string
	for _, s := range job.Config.Shift.Steps {
		if s.Approval == "" || slices.Contains(all, s.Approval) {
			continue
		}
		if len(job.Config.SignOff.All()) == 0 {
			return nil, release.Reject("call rollout.yml, with the role in sign-off.roles; where nobody is to be asked, remove approval from shift.steps",
				"shift.steps: %v waits for the role %s, and sign-off.roles asks nobody", s.Weight, s.Approval)
		}
		role, err := job.Config.SignOff.Role(s.Approval)
		if err != nil {
			return nil, err
		}
		if role.Before != signoff.Step {
			return nil, release.Reject("give the step a role of its own in sign-off.roles, with before: step",
				"shift.steps: %v waits for the role %s, which signs off before %s: that would let the step begin, too", s.Weight, role.Name, role.Before)
		}
		all = append(all, s.Approval)
	}
	return all, nil
}

// Check refuses an environment that asks nobody, and remembers what was decided in
// earlier attempts: the refusals, and where the shift begins anew the approvals.
func (a *approvals) Check(ctx context.Context, name string, anew bool) error {
	role, err := a.settings.Role(name)
	if err != nil {
		return err
	}
	env, err := a.source.Environment(ctx, role.Environment(a.request.Target))
	if errors.Is(err, signoff.ErrNoEnvironment) {
		return release.Refuse("create the environment with required reviewers", "environment %s does not exist, so GitHub would ask nobody", role.Environment(a.request.Target))
	} else if err != nil {
		return err
	}
	if err := a.settings.Guarded(env); err != nil {
		return err
	}
	decisions, err := a.source.Decisions(ctx, a.request.Run)
	if err != nil || a.attempt <= 1 { // somebody may have decided already
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.past[role.Name] = slices.DeleteFunc(about(decisions, env.Name), func(d signoff.Decision) bool {
		return d.State != "rejected" && !anew
	})
	return nil
}

// Approval asks GitHub once as long as nobody has decided.
func (a *approvals) Approval(ctx context.Context, name string) (traffic.Approval, error) {
	role, err := a.settings.Role(name)
	if err != nil {
		return traffic.Approval{}, err
	}
	env := role.Environment(a.request.Target)
	a.mu.Lock()
	past := a.past[role.Name]
	a.mu.Unlock()
	source := since{a.source, past}
	decisions, err := source.Decisions(ctx, a.request.Run)
	if err != nil {
		return traffic.Approval{}, err
	}
	decisions = about(decisions, env)
	if rejected := slices.DeleteFunc(slices.Clone(decisions), func(d signoff.Decision) bool { return d.State != "rejected" }); len(rejected) > 0 {
		d := rejected[len(rejected)-1]
		return traffic.Approval{Refused: fmt.Sprintf("%s: %q", d.By, d.Comment)}, nil
	}
	if len(decisions) == 0 {
		return traffic.Approval{Pending: outdated(past, env)}, nil
	}
	request := a.request
	request.Role, request.Past = name, past
	got, err := a.settings.Confirm(ctx, a.source, request, new(release.Findings))
	switch {
	case err == nil:
		return traffic.Approval{Approved: got.By}, nil
	case release.ExitStatus(err) == int(release.Refused):
		return traffic.Approval{Pending: err.Error()}, nil
	}
	return traffic.Approval{}, err
}

// outdated says why a decision that can be seen on the page of the run is none. A
// job that has succeeded is not run again with those that failed, so nobody would
// be asked.
func outdated(past []signoff.Decision, env string) string {
	if len(past) == 0 {
		return ""
	}
	d := past[len(past)-1]
	return fmt.Sprintf("%s was %s by %s before this shift began, which does not count: where GitHub asks nobody now, re-run all jobs", env, d.State, d.By)
}

// since is a source without the decisions that were seen before. They have no
// times and no numbers, so for each one that was seen one like it is left out.
type since struct {
	signoff.Source
	past []signoff.Decision
}

func (s since) Decisions(ctx context.Context, run int64) ([]signoff.Decision, error) {
	all, err := s.Source.Decisions(ctx, run)
	past := slices.Clone(s.past)
	return slices.DeleteFunc(slices.Clone(all), func(d signoff.Decision) bool {
		i := slices.Index(past, d)
		if i >= 0 {
			past = slices.Delete(past, i, i+1)
		}
		return i >= 0
	}), err
}

// about keeps the decisions about an environment; GitHub's names have no case.
func about(all []signoff.Decision, env string) []signoff.Decision {
	return slices.DeleteFunc(slices.Clone(all), func(d signoff.Decision) bool { return !strings.EqualFold(d.Environment, env) })
}
