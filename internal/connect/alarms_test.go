package connect_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// eventful is an engine that tells one event, after which it has other containers.
type eventful struct {
	slot.Engine
	event slot.Event
	after []slot.Container
	told  bool
}

func (e *eventful) Now(context.Context) (time.Time, error) { return time.Now(), nil }

func (e *eventful) Containers(context.Context, string) ([]slot.Container, error) {
	if e.told {
		return e.after, nil
	}
	return []slot.Container{{ID: "1", Service: "web", Number: 1, State: slot.Running}, {ID: "2", Service: "web", Number: 2, State: slot.Running}}, nil
}

func (e *eventful) Events(ctx context.Context, _ string, _ time.Time) (<-chan slot.Event, func() error) {
	out := make(chan slot.Event)
	go func() {
		defer close(out)
		e.told = true
		out <- e.event
		<-ctx.Done()
	}()
	return out, func() error { return context.Cause(ctx) }
}

func TestWhatAnEventOfAContainerMeansToAShift(t *testing.T) {
	t.Parallel()
	one := []slot.Container{{ID: "2", Service: "web", Number: 2, State: slot.Running}}
	for name, c := range map[string]struct {
		kind  slot.Kind
		after []slot.Container
		want  traffic.Sort
	}{
		"it died":                      {slot.Died, one, traffic.Crashed},
		"it ran out of memory":         {slot.OutOfMemory, one, traffic.Crashed},
		"it became unhealthy":          {slot.Sick, one, traffic.Crashed},
		"it was stopped, and one runs": {slot.Stopped, one, traffic.Noted},
		"it was stopped, and none is":  {slot.Stopped, nil, traffic.Crashed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				place := slot.Place{Project: "app"}
				env, err := slot.New(release.Green, slot.Settings{Blue: place, Green: place}, &eventful{event: slot.Event{Kind: c.kind, ID: "1", Service: "web", Number: 1}, after: c.after}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				var got []traffic.Alarm
				for alarm := range connect.Alarms(env)(ctx) {
					got = append(got, alarm)
				}
				if len(got) != 1 || got[0].Sort != c.want || got[0].Slot != release.Green {
					t.Errorf("%+v, want one that is %s", got, c.want)
				}
			})
		})
	}
}
