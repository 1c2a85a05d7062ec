package slot

import (
	"context"
	"time"
)

// vigil is a watch that does not give up.
type vigil struct {
	*Environment
	tell  func(Event) bool
	runs  map[string]time.Time // when each container that runs was started, by id
	ends  map[string]bool      // those whose exit with 0 is no loss, by id
	blind bool
}

// Vigil tells what happens to the slot's containers until ctx ends, as Watch
// does, and opens its eyes again when the engine comes back: Seen follows Blind. An
// exit with 0 of what may end is told as Finished, and a stop that leaves users too
// few containers as Missing.
// What it has missed meanwhile it finds out by comparing, and tells as Died: who
// has stopped what nobody watched is not known. A container that is unhealthy
// when the eyes open is told as Sick. The channel is closed at the end.
func (e *Environment) Vigil(ctx context.Context) <-chan Event {
	out := make(chan Event)
	v := &vigil{Environment: e, tell: func(event Event) bool { return send(ctx, out, event) }}
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			v.watch(ctx)
			pause(ctx, reopenAfter)
		}
	}()
	return out
}

// watch watches until the engine is lost. It looks only after the moment that
// events are asked from, so that nothing falls between the two.
func (v *vigil) watch(ctx context.Context) {
	since, err := v.engine.Now(ctx)
	var all []Container
	if err == nil {
		all, err = v.Inspect(ctx)
	}
	if err != nil {
		v.pass(ctx, Event{At: time.Now(), Kind: Blind, Err: err})
		return
	}
	if v.blind {
		v.blind = false
		v.tell(Event{At: since, Kind: Seen})
	}
	v.compare(since, all)
	v.follow(ctx, since, func(event Event) bool { return v.pass(ctx, event) })
}

// pass tells an event; that nothing is seen is told once.
func (v *vigil) pass(ctx context.Context, event Event) bool {
	switch event.Kind {
	case Blind:
		if v.blind {
			return true
		}
		v.blind = true
	case Began:
		v.runs[event.ID] = event.At
	case Died, Stopped:
		delete(v.runs, event.ID)
		switch {
		case event.Kind == Died && event.ExitCode == 0 && v.ends[event.ID]:
			event.Kind = Finished
		case event.Kind == Stopped && v.short(ctx, event.Service):
			event.Kind = Missing
		}
	}
	return v.tell(event)
}

// short says whether fewer containers of a service run than the slot has to have of
// it, and at least one. Workers and jobs answer no user. An engine that does not
// answer is soon told as Blind.
func (v *vigil) short(ctx context.Context, service string) bool {
	if service == v.settings.Workers.Service {
		return false
	}
	all, err := v.Inspect(ctx)
	if err != nil && ctx.Err() == nil { // it is asked once more: nothing finds the stop later
		all, err = v.Inspect(ctx)
	}
	if err != nil {
		return false
	}
	running, want := 0, 1
	for _, c := range all {
		want = max(want, parseCounts(c.Labels[LabelServices])[service])
		switch {
		case c.Service != service:
		case c.job():
			return false
		case c.State == Running:
			running++
		}
	}
	return running < want
}

// compare tells what has changed since the eyes were open last.
func (v *vigil) compare(at time.Time, all []Container) {
	before := v.runs
	v.runs, v.ends = map[string]time.Time{}, map[string]bool{}
	for _, c := range all {
		event := Event{At: at, ID: c.ID, Service: c.Service, Number: c.Number, ExitCode: c.ExitCode}
		started, ran := before[c.ID]
		delete(before, c.ID)
		v.ends[c.ID] = c.mayEnd()
		switch again := c.Started.After(started); {
		case ran && c.job() && c.State == Exited && c.ExitCode == 0:
			event.Kind = Finished
		case ran && (again || c.State != Running):
			event.Kind = Died
		case c.Health == Unhealthy && c.State == Running:
			event.Kind = Sick
		}
		if event.Kind != "" {
			v.tell(event)
		}
		if c.State == Running {
			v.runs[c.ID] = c.Started
		}
	}
	for id := range before {
		v.tell(Event{At: at, Kind: Died, ID: id, Service: "a container that was removed"})
	}
}
