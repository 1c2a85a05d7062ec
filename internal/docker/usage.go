package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Usage measures a running container once, which can take a second. A container
// that does not run has a time of zero.
func (e *Engine) Usage(ctx context.Context, id string) (slot.Usage, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	body, err := e.api.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return slot.Usage{}, cause(ctx, err)
	}
	defer body.Body.Close()
	var got container.StatsResponse
	if err := json.NewDecoder(body.Body).Decode(&got); err != nil {
		return slot.Usage{}, cause(ctx, fmt.Errorf("read usage of %s: %w", id, err))
	}
	if got.MemoryStats.Usage == 0 {
		return slot.Usage{}, nil
	}
	return slot.Usage{
		At:          got.Read,
		CPU:         time.Duration(got.CPUStats.CPUUsage.TotalUsage),
		Cores:       float64(got.CPUStats.OnlineCPUs),
		Memory:      release.Size(got.MemoryStats.Usage - reclaimable(got.MemoryStats)),
		MemoryLimit: release.Size(got.MemoryStats.Limit),
	}, nil
}

// reclaimable is the page cache that the kernel would drop first, as cgroup v1
// and v2 name it.
func reclaimable(m container.MemoryStats) uint64 {
	for _, name := range []string{"total_inactive_file", "inactive_file"} {
		if n, ok := m.Stats[name]; ok && n < m.Usage {
			return n
		}
	}
	return 0
}
