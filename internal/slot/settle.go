package slot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const (
	lookEvery = 500 * time.Millisecond // between two looks at all containers
	logTail   = 20                     // lines of a container that is to blame
)

// Failure says which container is to blame, and has its last log lines.
type Failure struct {
	Container string // such as "worker 2"
	Reason    string
	Log       string
}

func (f *Failure) Error() string {
	text := f.Container + " " + f.Reason
	if lines := strings.Split(strings.TrimSpace(f.Log), "\n"); lines[len(lines)-1] != "" {
		text += ": " + lines[len(lines)-1]
	}
	return text
}

// settle waits until everything is there and healthy, and stays so over the
// settle time without a restart. What cannot get better fails at once.
func (d *deployment) settle(ctx context.Context) ([]Container, error) {
	limit := d.settings.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTooSlow)
	defer cancel()
	events, _ := d.engine.Events(ctx, d.place.Project, d.since)
	died := map[string]Event{}
	var well time.Time
	var lack *shortfall // at the last look that was answered
	for {
		all, err := d.Inspect(ctx)
		if err != nil {
			return nil, d.stopped(ctx, err, lack)
		}
		if err := d.blame(ctx, all, died); err != nil {
			return all, err
		}
		if lack = d.lack(all); lack != nil {
			well = time.Time{}
		} else if well = d.watched(ctx, all, well); time.Since(well) >= d.settings.Settle {
			d.sample(ctx, all, 0)
			return all, d.placed(all)
		}
		select {
		case <-ctx.Done():
			return all, d.stopped(ctx, context.Cause(ctx), lack)
		case e, open := <-events:
			if !open {
				events = nil // the looks go on, and see restarts too
			}
			if e.Kind == Died || e.Kind == OutOfMemory {
				died[e.ID] = e
			}
		case <-time.After(lookEvery):
		}
	}
}

// watched returns since when all is well, and measures what it takes.
func (d *deployment) watched(ctx context.Context, all []Container, well time.Time) time.Time {
	if !well.IsZero() {
		d.sample(ctx, all, sampleEvery)
		return well
	}
	d.sayf("healthy, watching it for %v", d.settings.Settle)
	d.sample(ctx, all, 0)
	return time.Now()
}

var errTooSlow = errors.New("too slow")

// stopped explains the end of a wait by what was still lacking.
func (d *deployment) stopped(ctx context.Context, err error, lack *shortfall) error {
	if !errors.Is(context.Cause(ctx), errTooSlow) {
		return err
	}
	const hint = "see the log of the container; raise timeout only when it is slow and well"
	if lack == nil {
		return release.Refuse(hint, "%s is not healthy for %v within %v", d.slot, d.settings.Settle, d.settings.Timeout)
	}
	f := &Failure{Container: lack.what, Reason: lack.text}
	if lack.container != nil {
		f.Log = d.lastLines(context.WithoutCancel(ctx), *lack.container, logTail)
	}
	return release.Refuse(hint, "%s is not healthy within %v: %w", d.slot, d.settings.Timeout, f)
}

// blame returns a Failure for the first container that cannot be waited for.
func (d *deployment) blame(ctx context.Context, all []Container, died map[string]Event) error {
	for _, c := range all {
		if d.plan.roles[c.Service] == roleWorker && c.quiet() && d.settings.Workers.Start != FromDeploy {
			continue
		}
		reason := c.broken()
		if e, ok := died[c.ID]; ok && reason == "" && !(c.job() && e.ExitCode == 0) {
			reason = e.String()
		}
		if reason != "" {
			f := &Failure{Container: c.String(), Reason: reason, Log: d.lastLines(ctx, c, logTail)}
			return release.Refuse("see the log of the container, mend it and release again", "%w", f)
		}
	}
	return nil
}

// shortfall is what a slot still lacks.
type shortfall struct {
	what, text string
	container  *Container
}

func (d *deployment) lack(all []Container) *shortfall {
	counts := map[string]int{}
	for _, c := range all {
		counts[c.Service]++
		if d.plan.roles[c.Service] == roleWorker && d.settings.Workers.Start != FromDeploy {
			continue
		}
		if text := c.unready(); text != "" {
			return &shortfall{c.String(), text, &c}
		}
	}
	for _, service := range sorted(d.plan.counts) {
		if have, want := counts[service], d.plan.counts[service]; have != want {
			return &shortfall{service, fmt.Sprintf("has %d of %d containers", have, want), nil}
		}
	}
	return nil
}

// placed compares what runs with what was to run, once more at the end: compose
// keeps a container that it thinks is the same.
func (d *deployment) placed(all []Container) error {
	for _, c := range all {
		if d.ours(c) {
			continue
		}
		return release.Refuse("run again: what is not of this release is replaced",
			"%s of %s runs %s of release %q", c, d.slot, c.Digest().Short(), c.Release())
	}
	for _, c := range all {
		if d.plan.roles[c.Service] == roleWorker && d.settings.Workers.Start != FromDeploy && !c.quiet() {
			return release.Refuse("see what starts the service beside this action", "%s was to be quiet until the first step, and is %s", c, c.State)
		}
	}
	return nil
}
