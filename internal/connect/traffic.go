package connect

import (
	"context"
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Traffic reads what decides where a release goes: who is live, and what the last
// shift wrote down.
func Traffic(ctx context.Context, job *action.Job) (preflight.Traffic, error) {
	balancer, err := Balancer(job)
	if err != nil {
		return preflight.Traffic{}, err
	}
	weights, err := balancer.Router.Weights(ctx)
	if err != nil {
		return preflight.Traffic{}, release.CannotTell("install the load balancer's configuration, and make it answer", "read the weights: %w", err)
	}
	page, err := balancer.Ledger.Read(ctx)
	if err != nil {
		return preflight.Traffic{}, release.CannotTell("repair the ledger beside the load balancer", "read the ledger: %w", err)
	}
	seen := preflight.Traffic{Weights: weights, Serves: map[release.Slot]release.ID{}}
	for _, s := range release.Slots {
		seen.Serves[s] = page.Serving(s)
	}
	if seen.Serving, err = occupied(ctx, job, weights); err != nil {
		return seen, err
	}
	if live, whole := weights.Live(); whole && !seen.Serving {
		seen.Stranger = Answering(ctx, job.Config.Slots.Of(live).Services)
	}
	if page.Shift != nil {
		seen.Owner = page.Shift.Release
	}
	if page.Good != nil {
		seen.Good = page.Good.Slot
	}
	return seen, nil
}

// occupied reports whether the slot with all the traffic runs a release, be it
// healthy or not.
func occupied(ctx context.Context, job *action.Job, w release.Weights) (bool, error) {
	live, whole := w.Live()
	if !whole {
		return false, nil
	}
	env, err := Slot(ctx, job, live)
	if err != nil {
		return false, err
	}
	all, err := env.Inspect(ctx)
	return len(all) > 0, err
}

// Answering is the first service that gives any answer.
func Answering(ctx context.Context, services map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if diagnosis.Ask(ctx, services[name], "/").Err == nil {
			return name
		}
	}
	return ""
}
