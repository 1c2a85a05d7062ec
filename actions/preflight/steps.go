package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// What the shift or the record would refuse or pass over stands here, too: it is
// found before anything is built, migrated and signed off.

func (l look) items(context.Context) (string, error) {
	n, err := connect.Items(l.job)
	return fmt.Sprintf("the plan has all %d that the configuration names", n), err
}

func (l look) repeated(context.Context) (string, error) {
	questions, err := connect.Ask(l.job)
	if err != nil {
		return "", err
	}
	critical, public := questions.Count()
	if critical+public == 0 {
		return "", preflight.Absent("no check of smoke is critical or public, so none is asked while there is traffic")
	}
	return fmt.Sprintf("%d critical checks are asked again at every look, and %d public ones at the load balancer", critical, public), nil
}

func (l look) approvals(context.Context) (string, error) {
	if l.job.Release.First {
		return "", preflight.Absent("a first release waits for no approval: it goes to 100%% at once")
	}
	roles, err := connect.Approvers(l.job)
	if err != nil {
		return "", err
	}
	if len(roles) == 0 {
		return "", preflight.Absent("no step waits for an approval")
	}
	_, err = connect.Approvals(l.job, l.in.Environment)
	return "steps wait for " + strings.Join(roles, ", "), err
}

// length compares the shift with the time that its step has. That it may end
// well, but not where traffic is thin, stops nothing.
func (l look) length(context.Context) (string, error) {
	if l.in.Within == 0 {
		return "", preflight.Absent("the input shift-within is empty: the shift has the time of its job")
	}
	settings := l.job.Config.Shift
	if l.job.Release.First {
		settings.Steps = settings.Steps[max(len(settings.Steps)-1, 0):]
	}
	least, most := settings.Length()
	switch text := fmt.Sprintf("the shift lasts %v to %v, without pauses; its step has %v", least, most, l.in.Within); {
	case least >= l.in.Within:
		return "", release.Reject("shorten the bakes, or let a step hold, so that a second run goes on", "%s", text)
	case most >= l.in.Within:
		l.job.Log.Warn("the shift may be ended before it is over, and taken back", "least", least, "most", most, "within", l.in.Within)
		return "", preflight.Absent("%s: at its end the traffic goes back", text)
	default:
		return text, nil
	}
}
