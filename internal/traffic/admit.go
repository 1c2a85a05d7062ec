package traffic

import (
	"context"
	"fmt"
	"time"
)

// Approvals is where people let a step begin.
type Approvals interface {
	// Check refuses a role that nobody could approve as. Where the shift begins
	// anew, what was approved in an earlier attempt was about what that one has
	// shown, and does not count.
	Check(ctx context.Context, role string, anew bool) error

	// Approval says what the role has decided. An error is one of the place where
	// decisions are kept, and decides nothing.
	Approval(ctx context.Context, role string) (Approval, error)
}

// Approval is what a role has decided. Nothing is decided when neither is set.
type Approval struct {
	Approved string // by whom
	Refused  string // by whom, and why
	Pending  string // why what was said does not count; may be empty
}

// askEvery is how often the approvals are looked at. GitHub answers a job 1000
// times an hour.
const askEvery = 15 * time.Second

// admission waits for a person, while the gates keep watching.
type admission struct {
	role   string
	since  time.Time
	due    time.Time
	asking chan answered
	away   error  // why the last question got no answer
	said   string // so that it is said once
}

type answered struct {
	Approval
	err error
}

// admitted says whether the step after this one may begin. A refusal, and an
// approval that does not come in time, are reasons to go back; that nobody
// can be asked holds the weight.
func (w *watch) admitted(ctx context.Context) (bool, error) {
	if len(w.later) == 0 || w.later[0].Approval == "" {
		return true, nil
	}
	if w.admission.role == "" {
		w.admission = admission{role: w.later[0].Approval, since: time.Now()}
		w.say(Began, "%v waits for the role %s to approve it in this run, for at most %v", w.later[0].Weight, w.admission.role, w.Settings.ApprovalTimeout)
	}
	a := &w.admission
	if a.asking == nil && !time.Now().Before(a.due) {
		a.due, a.asking = time.Now().Add(askEvery), w.askRole(ctx, a.role)
	}
	select {
	case got := <-a.asking:
		a.asking = nil
		return w.decided(got)
	default:
	}
	if time.Since(a.since) < w.Settings.ApprovalTimeout {
		return false, nil
	}
	if a.away != nil {
		return false, &pauseEnd{fmt.Sprintf("whether %s has approved %v could not be read for %v: %v", a.role, w.later[0].Weight, w.Settings.ApprovalTimeout, a.away)}
	}
	return false, &retreat{time.Now(), fmt.Sprintf("nobody approved %v as %s within %v", w.later[0].Weight, a.role, w.Settings.ApprovalTimeout)}
}

func (w *watch) askRole(ctx context.Context, role string) chan answered {
	answer := make(chan answered, 1)
	go func() {
		got, err := within(ctx, askTime, "reading the approvals", func(ctx context.Context) (Approval, error) {
			return w.Approvals.Approval(ctx, role)
		})
		answer <- answered{got, err}
	}()
	return answer
}

func (w *watch) decided(got answered) (bool, error) {
	a := &w.admission
	a.away = got.err
	news := got.Pending
	if got.err != nil {
		news = fmt.Sprintf("whether %s has approved cannot be read: %v: %v is held meanwhile", a.role, got.err, w.step.Weight)
	}
	if news != "" && news != a.said {
		a.said = news
		w.say(Warned, "%s", news)
	}
	switch {
	case got.err != nil:
		return false, nil
	case got.Refused != "":
		return false, &retreat{time.Now(), fmt.Sprintf("%v was refused as %s by %s", w.later[0].Weight, a.role, got.Refused)}
	case got.Approved != "":
		w.say(Began, "%v was approved as %s by %s", w.later[0].Weight, a.role, got.Approved)
		return true, nil
	}
	return false, nil
}

// askable refuses a shift whose steps wait for somebody who could not approve.
func (r *run) askable(ctx context.Context) error {
	for _, s := range r.Settings.Steps {
		if s.Approval == "" {
			continue
		}
		check := func(ctx context.Context) error { return r.Approvals.Check(ctx, s.Approval, r.log.Weight == 0) }
		if err := call(ctx, askTime, "reading the environments", check); err != nil {
			return fmt.Errorf("shift: approval of %v: %w", s.Weight, err)
		}
	}
	return nil
}
