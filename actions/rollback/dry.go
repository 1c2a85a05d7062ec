package rollback

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Cold says whether the good slot is asked before the traffic goes there.
type Cold string

// UnmarshalText accepts "true", "false" and "auto".
func (c *Cold) UnmarshalText(text []byte) error {
	switch v := Cold(text); v {
	case "true", "false", "auto":
		*c = v
		return nil
	}
	return fmt.Errorf("cold %q: want true, false or auto", text)
}

// holds is whether to ask. Nobody has watched the good slot for a minute when a
// runner was lost, and for longer when a person asks for a rollback; a shift that has
// taken its traffic back a moment ago has. The record may also say so of the shift of
// an earlier attempt.
func (c Cold) holds(shifted *release.Shifted) bool {
	return c == "true" || c != "false" && (shifted == nil || !shifted.RolledBack || time.Since(shifted.At) > fresh)
}

// fresh is how long a good slot counts as watched: a job follows another sooner.
const fresh = 2 * time.Minute

// alone is whether what follows a release asks by itself. A person can force what is
// refused.
func (c Cold) alone(job *action.Job) bool { return c == "auto" && job.Release.ID != "" }

// asker is who wants the rollback, where no reason was given.
func asker(job *action.Job) string {
	if url := job.Runner.URL(); url != "" {
		return "the job " + url + " asked for it"
	}
	host, _ := os.Hostname()
	return "by hand on " + host
}

// plan says where the traffic is and where it would go. It refuses what the
// rollback would refuse.
func plan(ctx context.Context, job *action.Job, back traffic.Rollback) error {
	page, err := back.Balancer.Ledger.Read(ctx)
	if err != nil {
		return release.CannotTell(traffic.ElseInstall(err, "name the slot to go to: --force blue, or --force green"), "read the good slot: %w", err)
	}
	weights, err := back.Balancer.Router.Weights(ctx)
	if err != nil {
		return release.CannotTell("run this where the load balancer is, or name the slot: --force blue, or --force green", "read the weights: %w", err)
	}
	to := back.Force
	if to == "" && page.Good != nil {
		to = page.Good.Slot
	}
	if to == "" {
		return back.Nowhere(ctx, page, weights)
	}
	job.Page.Verdict(summary.Skip, "rollback: dry run; the traffic is %v, it would go to %s", weights, to)
	if back.Force == "" && page.Good.Asleep {
		job.Page.Say("%s is stopped, by choice: it would be started first. %s", to, lastWake(page))
		return nil
	}
	if err := back.Healthy(ctx, to); err != nil && back.Force == "" {
		return fmt.Errorf("the %s slot could not take it: %w", to, err)
	}
	return nil
}

// lastWake says how long a start has taken.
func lastWake(page traffic.Page) string {
	if page.Woke == nil {
		return "No start of a slot was ever timed."
	}
	return "The last start took " + page.Woke.String() + "."
}
