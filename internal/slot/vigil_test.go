package slot

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// fickle is an engine that comes and goes. Its clock starts at 0 with the first
// call.
type fickle struct {
	Engine
	begun  time.Time
	gone   func(at time.Duration) bool
	has    func(at time.Duration) []Container
	events []Event
}

var errGone = errors.New("no route to host")

func (f *fickle) at() time.Duration {
	if f.begun.IsZero() {
		f.begun = time.Now()
	}
	return time.Since(f.begun)
}

func (f *fickle) Now(context.Context) (time.Time, error) {
	if f.gone(f.at()) {
		return time.Time{}, errGone
	}
	return time.Unix(0, 0).Add(f.at()), nil
}

func (f *fickle) Containers(context.Context, string) ([]Container, error) {
	if f.gone(f.at()) {
		return nil, errGone
	}
	return f.has(f.at()), nil
}

// Events sends what is due since then, and breaks when the engine goes.
func (f *fickle) Events(ctx context.Context, _ string, since time.Time) (<-chan Event, func() error) {
	out := make(chan Event)
	go func() {
		defer close(out)
		for ctx.Err() == nil && !f.gone(f.at()) {
			now := time.Unix(0, 0).Add(f.at())
			for _, e := range f.events {
				if !e.At.Before(since) && !e.At.After(now) && !send(ctx, out, e) {
					return
				}
			}
			since = now.Add(time.Nanosecond)
			pause(ctx, 100*time.Millisecond)
		}
	}()
	return out, func() error { return errGone }
}

func TestAVigil(t *testing.T) {
	t.Parallel()
	started := time.Unix(-60, 0)
	web := Container{ID: "w", Service: "web", Number: 1, State: Running, Health: Healthy, Started: started}
	changed := func(change func(*Container)) []Container {
		c := web
		change(&c)
		return []Container{c}
	}
	always := func(time.Duration) []Container { return []Container{web} }
	later := func(all []Container) func(time.Duration) []Container {
		return func(at time.Duration) []Container {
			if at < 10*time.Second {
				return []Container{web}
			}
			return all
		}
	}
	stoppedWeb := Event{At: time.Unix(12, 0), Kind: Stopped, ID: "w", Service: "web"}
	another := func(services string) Container {
		return Container{ID: "o", Service: "web", Number: 2, State: Running, Started: started, Labels: map[string]string{LabelServices: services}}
	}
	never := func(time.Duration) bool { return false }
	outage := func(at time.Duration) bool { return at > 5*time.Second && at < 30*time.Second }
	for name, c := range map[string]struct {
		gone   func(time.Duration) bool
		has    func(time.Duration) []Container
		events []Event
		want   []Kind
	}{
		"tells nothing of a slot in which nothing happens": {never, always, nil, nil},
		"tells what happens": {never, always, []Event{
			{At: time.Unix(3, 0), Kind: OutOfMemory, ID: "w"}, {At: time.Unix(4, 0), Kind: Died, ID: "w"},
		}, []Kind{OutOfMemory, Died}},
		"knows an exit that is the end of a job": {never, func(time.Duration) []Container {
			return changed(func(c *Container) { c.Labels = map[string]string{LabelRole: roleJob} })
		}, []Event{{At: time.Unix(3, 0), Kind: Died, ID: "w"}}, []Kind{Finished}},
		"knows an exit after which the engine starts it again": {never, func(time.Duration) []Container {
			return changed(func(c *Container) { c.Returns = true })
		}, []Event{{At: time.Unix(3, 0), Kind: Died, ID: "w"}, {At: time.Unix(4, 0), Kind: Died, ID: "w", ExitCode: 1}}, []Kind{Finished, Died}},
		"takes an exit with 0 after which nothing is there for a loss": {never, always, []Event{{At: time.Unix(3, 0), Kind: Died, ID: "w"}}, []Kind{Died}},
		"finds out that a job has ended well meanwhile": {outage, func(at time.Duration) []Container {
			return changed(func(c *Container) {
				c.Labels = map[string]string{LabelRole: roleJob}
				if at > 10*time.Second {
					c.State = Exited
				}
			})
		}, nil, []Kind{Blind, Seen, Finished}},
		"sees who was unhealthy before": {never, func(time.Duration) []Container {
			return changed(func(c *Container) { c.Health = Unhealthy })
		}, nil, []Kind{Sick}},
		"opens its eyes again":                         {outage, always, nil, []Kind{Blind, Seen}},
		"opens them late":                              {func(at time.Duration) bool { return at < 20*time.Second }, always, nil, []Kind{Blind, Seen}},
		"finds out who has exited meanwhile":           {outage, later(changed(func(c *Container) { c.State, c.ExitCode = Exited, 1 })), nil, []Kind{Blind, Seen, Died}},
		"finds out who was started again":              {outage, later(changed(func(c *Container) { c.Started = started.Add(time.Hour) })), nil, []Kind{Blind, Seen, Died}},
		"finds out who became unhealthy":               {outage, later(changed(func(c *Container) { c.Health = Unhealthy })), nil, []Kind{Blind, Seen, Sick}},
		"finds out who was removed":                    {outage, later(nil), nil, []Kind{Blind, Seen, Died}},
		"does not take who was stopped for a loss":     {outage, later(changed(func(c *Container) { c.State = Exited })), []Event{{At: time.Unix(2, 0), Kind: Stopped, ID: "w", Service: "web"}}, []Kind{Stopped, Blind, Seen}},
		"takes the stop of the last one for a loss":    {never, later(changed(func(c *Container) { c.State = Exited })), []Event{stoppedWeb}, []Kind{Missing}},
		"takes the removal of the last one for a loss": {never, later(nil), []Event{stoppedWeb}, []Kind{Missing}},
		"takes a stop that leaves too few for a loss":  {never, later([]Container{another("web=2")}), []Event{stoppedWeb}, []Kind{Missing}},
		"leaves alone a stop that leaves enough":       {never, later([]Container{another("web=1")}), []Event{stoppedWeb}, []Kind{Stopped}},
		"leaves alone the stop of a worker":            {never, later(nil), []Event{{At: time.Unix(12, 0), Kind: Stopped, ID: "v", Service: "worker"}}, []Kind{Stopped}},
		"leaves alone the stop of a job": {never, later(changed(func(c *Container) {
			c.State, c.Labels = Exited, map[string]string{LabelRole: roleJob, LabelServices: "web=1"}
		})), []Event{stoppedWeb}, []Kind{Stopped}},
		"knows who was started under its eyes": {outage, func(at time.Duration) []Container {
			c := changed(func(c *Container) { c.State, c.Started = Created, time.Time{} })
			if at > 2*time.Second {
				c = changed(func(c *Container) { c.Started = time.Unix(2, 0) })
			}
			return c
		}, []Event{{At: time.Unix(2, 1), Kind: Began, ID: "w"}}, []Kind{Began, Blind, Seen}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, err := New(release.Green, settings(), &fickle{gone: c.gone, has: c.has, events: c.events}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				var got []Kind
				for event := range e.Vigil(ctx) {
					got = append(got, event.Kind)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("told %v, want %v", got, c.want)
				}
			})
		})
	}
}
