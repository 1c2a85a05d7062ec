package slot

import (
	"context"
	"fmt"
	"time"
)

// Kind is what happened to a container.
type Kind string

// The kinds of events. What exec does, such as health checks, is not told.
const (
	Began       Kind = "started"
	Died        Kind = "died"    // by itself
	Stopped     Kind = "stopped" // because it was asked to
	Missing     Kind = "missing" // because it was asked to stop, and too few are left; told by Vigil alone
	Finished    Kind = "ended"   // by itself with 0, as a job does, or a program that the engine starts again
	OutOfMemory Kind = "out of memory"
	Recovered   Kind = "healthy"
	Sick        Kind = "unhealthy"
	Blind       Kind = "blind"      // the engine tells no more; see Err
	Seen        Kind = "seen again" // the engine tells again, after Blind
)

// Event is something that happened to a container.
type Event struct {
	At       time.Time
	Kind     Kind
	ID       string
	Service  string
	Number   int
	ExitCode int   // of Died, Stopped and Missing
	Err      error // of Blind
}

// Subject names the container that it is about, such as "worker 2", or the slot's
// containers where it is about all of them.
func (e Event) Subject() string {
	switch {
	case e.Service == "":
		return "its containers"
	case e.Number == 0:
		return e.Service
	}
	return fmt.Sprintf("%s %d", e.Service, e.Number)
}

// String tells the event for people, without the container's name.
func (e Event) String() string {
	switch e.Kind {
	case Died:
		return fmt.Sprintf("exited with %d", e.ExitCode)
	case Stopped:
		return fmt.Sprintf("was stopped and exited with %d", e.ExitCode)
	case Missing:
		return fmt.Sprintf("was stopped and exited with %d, and too few are left", e.ExitCode)
	case Finished:
		return "ended by itself, with 0"
	case OutOfMemory:
		return "ran out of memory"
	case Blind:
		return fmt.Sprintf("cannot be watched: %v", e.Err)
	}
	return string(e.Kind)
}

// How often and after which pause a broken stream is opened again.
const (
	reopenTimes = 5
	reopenAfter = time.Second
)

// Watch tells what happens to the slot's containers from now on, until ctx
// ends. A stream that breaks is opened again from where it broke; when that
// does not work either, the last event is Blind. The channel is closed at the
// end.
func (e *Environment) Watch(ctx context.Context) <-chan Event {
	out := make(chan Event)
	go func() {
		defer close(out)
		since, err := e.engine.Now(ctx)
		if err != nil {
			send(ctx, out, Event{At: time.Now(), Kind: Blind, Err: err})
			return
		}
		e.follow(ctx, since, func(event Event) bool { return send(ctx, out, event) })
	}()
	return out
}

// follow passes on what happened since a moment, until tell says no, ctx ends, or
// the last event, Blind, was told.
func (e *Environment) follow(ctx context.Context, since time.Time, tell func(Event) bool) {
	for left := reopenTimes; ; left-- {
		events, reason := e.engine.Events(ctx, e.place.Project, since)
		for event := range events {
			since, left = event.At.Add(time.Nanosecond), reopenTimes
			if !tell(event) {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if left == 0 {
			tell(Event{At: time.Now(), Kind: Blind, Err: reason()})
			return
		}
		pause(ctx, reopenAfter)
	}
}

func send(ctx context.Context, out chan<- Event, event Event) bool {
	select {
	case out <- event:
		return true
	case <-ctx.Done():
		return false
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
