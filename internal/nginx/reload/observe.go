package reload

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Observe implements traffic.Observer. The requests go to the services in turn,
// through the upstreams that users' requests go through, and reach the slots.
// One that nginx gives to no server ends the count.
func (r *Router) Observe(ctx context.Context, n int) (traffic.Share, error) {
	names := slices.Sorted(maps.Keys(r.settings.Services))
	var turn atomic.Uint64
	return traffic.Count(ctx, n, func(ctx context.Context) (release.Slot, error) {
		return r.count(ctx, names[turn.Add(1)%uint64(len(names))])
	})
}

// count sends one request to a service and returns the slot that got it,
// whatever it answered.
func (r *Router) count(ctx context.Context, service string) (release.Slot, error) {
	res, err := r.get(ctx, r.kept, "/bluegreen/"+service)
	if err != nil {
		return "", fmt.Errorf("count requests: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)) // so that the connection can be used again
	_ = res.Body.Close()
	address := nginx.Address(strings.TrimSpace(res.Header.Get("X-Bluegreen-Upstream")))
	for _, slot := range release.Slots {
		if slices.Contains(r.settings.Services[service].of(slot), address) {
			return slot, nil
		}
	}
	return "", fmt.Errorf("count requests: %s was given to %q, which is in neither slot: %s", service, address, res.Status)
}
