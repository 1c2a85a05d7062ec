package slot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const (
	sampleEvery = 2 * time.Second
	normalLoad  = 0.8 // of the limit, for processor and memory
)

// Load is what a container took over the settle time, as shares of its limits.
type Load struct {
	Container string
	CPU       float64 // mean, of its own limit or of the host's cores
	Memory    float64 // peak, of its own limit or of the host's memory
	Peak      release.Size
	Samples   int

	first Usage
	taken time.Time // when the last sample was asked for, by our clock
}

// sample measures the running containers that have not been measured for an
// age, all at once since one can take a second. A container that gives no
// numbers has fewer samples.
func (d *deployment) sample(ctx context.Context, all []Container, age time.Duration) {
	var mu sync.Mutex
	var group errgroup.Group
	for _, c := range all {
		if c.State != Running || d.loads[c.ID].within(age) {
			continue
		}
		group.Go(func() error {
			u, err := d.engine.Usage(ctx, c.ID)
			if err != nil || u.At.IsZero() {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if d.loads[c.ID] == nil {
				d.loads[c.ID] = &Load{Container: c.String(), first: u}
			}
			d.loads[c.ID].add(c, u)
			return nil
		})
	}
	_ = group.Wait() // no function of it fails
}

func (l *Load) within(age time.Duration) bool { return l != nil && time.Since(l.taken) < age }

func (l *Load) add(c Container, u Usage) {
	cores := c.CPUs
	if cores == 0 {
		cores = u.Cores
	}
	l.Samples, l.taken = l.Samples+1, time.Now()
	l.Peak = max(l.Peak, u.Memory)
	if u.MemoryLimit > 0 {
		l.Memory = max(l.Memory, float64(u.Memory)/float64(u.MemoryLimit))
	}
	if wall := u.At.Sub(l.first.At); wall > 0 && cores > 0 {
		l.CPU = (u.CPU - l.first.CPU).Seconds() / wall.Seconds() / cores
	}
}

// String prints the load for people.
func (l Load) String() string {
	return fmt.Sprintf("%s: processor %.0f%%, memory %v, %.0f%%", l.Container, 100*l.CPU, l.Peak, 100*l.Memory)
}

// judgeLoads shows the loads. Too few samples are no observation.
func (d *deployment) judgeLoads(all []Container) []Load {
	var loads []Load
	var text []string
	normal, running := true, 0
	for _, c := range all {
		if c.State != Running {
			continue
		}
		running++
		l := d.loads[c.ID]
		if l == nil || l.Samples < 2 {
			continue
		}
		loads = append(loads, *l)
		text = append(text, l.String())
		normal = normal && l.CPU < normalLoad && l.Memory < normalLoad
	}
	switch {
	case len(loads) < running || running == 0:
		d.found.Miss("B.3.v4", "%d of %d containers were measured twice within %v: %s", len(loads), running, d.settings.Settle, strings.Join(text, "; "))
	default:
		d.found.Show("B.3.v4", normal, "over %v, limit %.0f%%: %s", d.settings.Settle, 100*normalLoad, strings.Join(text, "; "))
	}
	return loads
}
