package docker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Now reads the engine's clock, which its events are dated by.
func (e *Engine) Now(ctx context.Context) (time.Time, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.Info(ctx)
	if err != nil {
		return time.Time{}, cause(ctx, err)
	}
	now, err := time.Parse(time.RFC3339Nano, got.SystemTime)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the engine's clock %q: %w", got.SystemTime, err)
	}
	return now, nil
}

// Events sends what happens to the containers of a project until ctx ends or
// the stream breaks. The function returns why, once the channel is closed. An
// exit that was asked for is told from one that was not by the signal before it.
// The containers of `compose run` are no part of a slot, and are not told.
func (e *Engine) Events(ctx context.Context, project string, since time.Time) (<-chan slot.Event, func() error) {
	which := filters.NewArgs(filters.Arg("type", "container"), filters.Arg("label", labelProject+"="+project))
	messages, failures := e.api.Events(ctx, events.ListOptions{Since: stamp(since), Filters: which})
	out := make(chan slot.Event)
	var reason error
	go func() {
		defer close(out)
		asked := map[string]bool{}
		for {
			select {
			case m := <-messages:
				event, tell := interpret(m, asked)
				if !tell {
					continue
				}
				select {
				case out <- event:
				case <-ctx.Done():
					reason = ctx.Err()
					return
				}
			case reason = <-failures:
				if reason == nil {
					reason = errors.New("the engine ended the stream of events")
				}
				return
			}
		}
	}()
	return out, func() error { return reason }
}

// kinds are the actions that are told as they are. Most of the others come from
// exec, which is how health checks are run.
var kinds = map[events.Action]slot.Kind{
	events.ActionStart:                 slot.Began,
	events.ActionOOM:                   slot.OutOfMemory,
	events.ActionDie:                   slot.Died,
	events.ActionHealthStatusHealthy:   slot.Recovered,
	events.ActionHealthStatusUnhealthy: slot.Sick,
}

// harmless are the signals that tell a program something and do not end it:
// HUP, USR1, USR2 and WINCH.
var harmless = map[string]bool{"1": true, "10": true, "12": true, "28": true}

func interpret(m events.Message, asked map[string]bool) (slot.Event, bool) {
	if oneOff(m.Actor.Attributes) {
		return slot.Event{}, false
	}
	id := m.Actor.ID
	if m.Action == events.ActionKill && !harmless[m.Actor.Attributes["signal"]] {
		asked[id] = true
	}
	kind, tell := kinds[m.Action]
	if !tell {
		return slot.Event{}, false
	}
	about := m.Actor.Attributes
	number, _ := strconv.Atoi(about[labelNumber])
	code, _ := strconv.Atoi(about["exitCode"])
	switch {
	case kind == slot.Died && asked[id]:
		kind = slot.Stopped
	case kind == slot.Began:
		delete(asked, id)
	}
	return slot.Event{At: time.Unix(0, m.TimeNano), Kind: kind, ID: id, Service: about[labelService], Number: number, ExitCode: code}, true
}
