package connect

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

// Live asks the critical checks of smoke, which only read, of a slot that serves:
// whether the version there lives with the schema as it is.
type Live struct {
	Slot release.Slot

	settings smoke.Settings
	services map[string]string
}

// AskLive prepares that for a slot, and returns why there is nothing to ask.
func AskLive(job *action.Job, s release.Slot) (l Live, absent string) {
	l = Live{Slot: s, settings: job.Config.Smoke.Critical()}
	switch {
	case s == "":
		return l, "no slot is known to be live"
	case len(l.settings.Checks) == 0:
		return l, "no check of smoke is critical, so the live version was not asked"
	}
	l.services = job.Config.Slots.Of(s).Services
	if err := l.settings.Ready(l.services); err != nil {
		return l, "the live version cannot be asked: " + err.Error()
	}
	return l, ""
}

// again is the pause before a check that failed is asked once more.
const again = time.Second

// Ask asks every check, those that fail twice.
func (l Live) Ask(ctx context.Context) smoke.Report {
	first := l.once(ctx)
	if first.Failed() == 0 {
		return first
	}
	select {
	case <-ctx.Done():
		return first
	case <-time.After(again):
	}
	return l.once(ctx).Better(first)
}

func (l Live) once(ctx context.Context) smoke.Report {
	ctx, cancel := context.WithTimeout(ctx, againTime)
	defer cancel()
	report, _ := l.settings.Run(ctx, l.services, new(release.Findings)) // the results have the errors
	return report
}
