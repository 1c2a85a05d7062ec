package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// runs refuses an application that a rollback could not rely on.
func (a adoption) runs(ctx context.Context) (string, error) {
	env, err := connect.Slot(ctx, a.job, a.live)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	if err != nil {
		return "", err
	}
	project := a.job.Config.Slots.Of(a.live).Project
	if len(all) == 0 {
		return "", fmt.Errorf("compose project %s has no container", project)
	}
	var seen []string
	for _, c := range all {
		one := c.String()
		if c.Digest() == "" {
			one += " (of an image without a digest in a registry, which only this host has)"
		}
		seen = append(seen, one)
	}
	return fmt.Sprintf("compose project %s is healthy: %s", project, strings.Join(seen, ", ")), env.Healthy(ctx)
}

// owns refuses a project with more in it than what a release replaces and, when its
// time has come, removes: a database must not be among that.
func (a adoption) owns(ctx context.Context) (string, error) {
	services, err := connect.Composed(ctx, a.job, a.live)
	if err != nil {
		return "", err
	}
	maps.DeleteFunc(services, func(name string, s slot.Service) bool { return !a.released(name, s) })
	env, err := connect.Slot(ctx, a.job, a.live)
	if err != nil {
		return "", err
	}
	foreign, err := env.Foreign(ctx, services)
	if err != nil {
		return "", err
	}
	place := a.job.Config.Slots.Of(a.live)
	if len(foreign) > 0 {
		return "", release.Refuse(slot.Apart, "compose project %s has %s, which would be removed with the slot: want only services of slots.%[3]s.compose that are named in slots.%[3]s.services, slots.workers or images",
			place.Project, slot.Names(foreign), a.live)
	}
	return fmt.Sprintf("compose project %s has only what a release replaces", place.Project), nil
}

// released says whether the configuration knows a service of the compose files.
func (a adoption) released(name string, s slot.Service) bool {
	_, addressed := a.job.Config.Slots.Of(a.live).Services[name]
	_, named := a.job.Config.Images[name]
	if addressed || named || name == a.job.Config.Slots.Workers.Service {
		return true
	}
	for _, one := range a.job.Config.Images {
		if image.Repository(one.Repository) == image.Repository(s.Image) {
			return true
		}
	}
	return false
}

func (a adoption) answers(ctx context.Context) (string, error) {
	services := a.job.Config.Slots.Of(a.live).Services
	if len(services) == 0 {
		return "", errors.New("no service has an address")
	}
	var seen []string
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(services)) {
		got := diagnosis.Ask(ctx, services[name], "/")
		switch {
		case got.Err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", name, got.Err))
			continue
		case got.Status >= 500:
			problems = append(problems, fmt.Errorf("%s: GET /: %d", name, got.Status))
			continue
		}
		seen = append(seen, fmt.Sprintf("%s answers %d", name, got.Status))
	}
	if len(problems) == 0 {
		return strings.Join(seen, ", "), connect.Published(ctx, a.job, a.live)
	}
	return "", errors.Join(problems...)
}

// vacant refuses an idle slot at the address of the live one, one with containers of a
// stranger, which the first release would remove, and one where something answers that
// is none of it: the first release could not listen there.
func (a adoption) vacant(ctx context.Context) (string, error) {
	idle := a.live.Other()
	mine, other := a.job.Config.Slots.Of(a.live), a.job.Config.Slots.Of(idle)
	for _, name := range slices.Sorted(maps.Keys(other.Services)) {
		if address := other.Services[name]; address == mine.Services[name] {
			return "", fmt.Errorf("%s has the same address in both slots", name)
		}
	}
	env, err := connect.Slot(ctx, a.job, idle)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	if err != nil {
		return "", err
	}
	strangers, err := env.Foreign(ctx, nil)
	switch {
	case err != nil:
		return "", err
	case len(strangers) > 0:
		return "", fmt.Errorf("compose project %s has %s, which no release has put there and the next one would remove", other.Project, slot.Names(strangers))
	case len(all) > 0:
		return fmt.Sprintf("%s has %d containers of a release, which the next one replaces", idle, len(all)), nil
	}
	if name := connect.Answering(ctx, other.Services); name != "" {
		return "", fmt.Errorf("%s has no container, but its %s answers: a release could not listen there", idle, name)
	}
	return fmt.Sprintf("%s is empty, and nothing answers where it will be", idle), nil
}
