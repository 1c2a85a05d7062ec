package slot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Environment is one slot as it runs: a compose project on a docker engine. It
// is safe for concurrent use.
type Environment struct {
	slot     release.Slot
	settings Settings
	place    Place
	engine   Engine
	compose  Compose
	say      func(line string)
}

// New returns the environment of a slot. Compose is needed to deploy only, and
// may be nil otherwise; say gets one line at a time, and may be nil.
func New(s release.Slot, settings Settings, engine Engine, compose Compose, say func(line string)) (*Environment, error) {
	place := settings.Of(s)
	if place.Project == "" {
		return nil, release.Reject("name the compose project of each slot in the configuration", "slots.%s.project is missing", s)
	}
	var mu sync.Mutex
	one := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if say != nil {
			say(line)
		}
	}
	return &Environment{s, settings, place, engine, compose, one}, nil
}

// Slot is which of the two it is.
func (e *Environment) Slot() release.Slot { return e.slot }

// Inspect lists the containers of the slot, by service and number, stopped ones
// too.
func (e *Environment) Inspect(ctx context.Context) ([]Container, error) {
	all, err := e.engine.Containers(ctx, e.place.Project)
	if err != nil {
		return nil, fmt.Errorf("list containers of %s: %w", e.slot, err)
	}
	slices.SortFunc(all, func(a, b Container) int {
		if a.Service != b.Service {
			return strings.Compare(a.Service, b.Service)
		}
		return a.Number - b.Number
	})
	return all, nil
}

// Healthy returns an error unless the slot can take all the traffic at this
// moment: every container of it but the workers runs and is healthy, and none
// is missing. It looks once, so that a rollback can afford it.
func (e *Environment) Healthy(ctx context.Context) error {
	all, err := e.Inspect(ctx)
	if err != nil {
		return release.CannotTell("see whether the docker engine of the slot answers", "%w", err)
	}
	serving := e.without(all)
	var problems []error
	for _, c := range serving {
		if lack := c.unready(); lack != "" {
			problems = append(problems, fmt.Errorf("%s %s", c, lack))
		}
	}
	problems = append(problems, missing(serving)...)
	if len(serving) == 0 {
		problems = append(problems, errors.New("no container"))
	}
	if len(problems) == 0 {
		return nil
	}
	return release.Refuse("start what is missing, or deploy to the slot", "%s cannot take traffic: %w", e.slot, errors.Join(problems...))
}

// missing compares a slot with what its containers say that it has in all. A
// slot that was not deployed by us does not say.
func missing(serving []Container) []error {
	have, want := map[string]int{}, map[string]int{}
	for _, c := range serving {
		have[c.Service]++
		for service, n := range parseCounts(c.Labels[LabelServices]) {
			want[service] = n
		}
	}
	var problems []error
	for _, service := range sorted(want) {
		if have[service] < want[service] {
			problems = append(problems, fmt.Errorf("%s has %d of %d containers", service, have[service], want[service]))
		}
	}
	return problems
}

// without leaves out the workers.
func (e *Environment) without(all []Container) []Container {
	return slices.DeleteFunc(slices.Clone(all), e.worker)
}

func (e *Environment) worker(c Container) bool { return c.Service == e.settings.Workers.Service }

// Logs returns the last lines of each container by its name, such as
// "worker 2". Where a log cannot be read, its text says why.
func (e *Environment) Logs(ctx context.Context, tail int) (map[string]string, error) {
	all, err := e.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	logs := map[string]string{}
	for _, c := range all {
		logs[c.String()] = e.lastLines(ctx, c, tail)
	}
	return logs, nil
}

func (e *Environment) lastLines(ctx context.Context, c Container, tail int) string {
	var text strings.Builder
	err := e.engine.Logs(ctx, c.ID, time.Time{}, tail, func(line string) { text.WriteString(line + "\n") })
	if err != nil {
		fmt.Fprintf(&text, "log of %s cannot be read: %v\n", c, err)
	}
	return text.String()
}

func (e *Environment) sayf(format string, args ...any) {
	e.say(string(e.slot) + ": " + fmt.Sprintf(format, args...))
}

// sorted lists the names in a fixed order.
func sorted[T any](of map[string]T) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
