package alb

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settle implements traffic.Settler. There is no default beside the weights; it
// removes the tags of moves that are over.
func (b *Balancer) Settle(ctx context.Context, live release.Slot) error {
	ctx, cancel := within(ctx)
	defer cancel()
	faces, now, err := b.look(ctx)
	if err != nil {
		return fmt.Errorf("settle %s: %w", live, err)
	}
	weights, err := b.agreed(faces)
	if err != nil {
		return fmt.Errorf("settle %s: %w", live, err)
	}
	if weights.Of(live) != 100 {
		return release.Refuse("shift the traffic first", "settle %s: the split is %v: want all of it there", live, weights)
	}
	f, err := now.fence()
	if err != nil {
		return fmt.Errorf("settle %s: %w", live, err)
	}
	return b.drop(ctx, now.older(f.seen))
}
