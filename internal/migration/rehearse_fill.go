package migration

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// behind runs the backfills of a file that went up, and measures what it and they can
// have changed: a trigger of their table may write into any other.
func (r *rehearsing) behind(ctx context.Context, a act, t Trace) error {
	fills := a.Fills()
	if len(fills) == 0 {
		return r.measure(ctx, t, a.Up.Script.Change)
	}
	if err := r.fill(ctx, fills); err != nil {
		return err
	}
	return r.measure(ctx, Trace{}, Change{})
}

// unfilled carries the backfills to their end of which the live database has rows left.
func (r *rehearsing) unfilled(ctx context.Context) error {
	fills := append(r.pending.State.Unfilled(r.pending.All), r.pending.Again()...)
	if len(fills) == 0 {
		return nil
	}
	for _, f := range fills {
		err := r.fill(ctx, []Fill{f})
		if errors.Is(err, ErrGone) && r.pending.State.Adopted(f.Version) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return r.measure(ctx, Trace{}, Change{})
}

// fill carries backfills to the end of their tables, without a rest: nobody else is
// here, and no standby follows.
func (r *rehearsing) fill(ctx context.Context, fills []Fill) error {
	for _, fill := range fills {
		if err := r.one(ctx, fill); err != nil {
			hint := release.HintOf(err)
			if release.ExitStatus(err) != int(release.Refused) {
				return err
			}
			return release.Refuse(hint+"; the live database was not touched", "%w", err)
		}
	}
	return nil
}

func (r *rehearsing) one(ctx context.Context, fill Fill) error {
	fill.Pause = 0
	settings := r.settings
	settings.Backfill.MaxLag = 0
	on, err := r.scratch.Fill(ctx, fill)
	if err != nil {
		return fmt.Errorf("backfill %v: %w", fill, err)
	}
	defer on.Close()
	f := filler{on: on, fill: fill, settings: settings, tell: func(Event) {}}
	return f.run(ctx)
}
