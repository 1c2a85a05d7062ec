package slot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Stock is what an engine keeps beside containers.
type Stock interface {
	// Networks lists the networks that compose has made for a project.
	Networks(ctx context.Context, project string) ([]Network, error)
	// RemoveNetwork removes one that nothing is attached to.
	RemoveNetwork(ctx context.Context, id string) error
	// Stored lists the images of these repositories that the engine has.
	Stored(ctx context.Context, repositories []string) ([]Stored, error)
	// Discard takes a name off an image, and removes what has no name left. It is
	// false where a container has come to use it.
	Discard(ctx context.Context, reference string) (bool, error)
}

// Network is one network of a project.
type Network struct {
	ID, Name string
	Attached []string `json:"-"` // the containers that use it, by id, running or not
}

// Stored is an image that the engine has.
type Stored struct {
	ID         string
	References []string // repository:tag and repository@digest, of our repositories
	Size       release.Size
	Named      time.Time // when it got its last name here; zero where the engine does not know
	Users      []string  `json:"-"` // the containers that are made of it, running or not, of any project, by id
}

// Name is what people know it by.
func (s Stored) Name() string { return s.References[0] }

// Unused lists the images of these repositories that no container uses but those that
// are gone by then, and that were not built or tagged within the last while: a build
// that is on its way needs those.
func (e *Environment) Unused(ctx context.Context, repositories []string, while time.Duration, gone []Container) ([]Stored, error) {
	all, err := e.engine.Stored(ctx, repositories)
	if err != nil {
		return nil, fmt.Errorf("list images of %s: %w", e.slot, err)
	}
	return slices.DeleteFunc(all, func(s Stored) bool { return !among(s.Users, gone) || time.Since(s.Named) < while }), nil
}

// among says whether there is none but these.
func among(ids []string, these []Container) bool {
	return !slices.ContainsFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(these, func(c Container) bool { return c.ID == id })
	})
}

// Discard removes images, and returns those that are gone, also beside an error. One
// that has got a container meanwhile stays.
func (e *Environment) Discard(ctx context.Context, images []Stored) ([]Stored, error) {
	var gone []Stored
	for _, s := range images {
		all := true
		for _, reference := range s.References {
			went, err := e.engine.Discard(ctx, reference)
			if err != nil {
				return gone, fmt.Errorf("remove image %s from %s: %w", reference, e.slot, err)
			}
			all = all && went
		}
		if all {
			gone = append(gone, s)
		}
	}
	return gone, nil
}

// Strays lists the containers of the slot that do not run and are not of this release.
func (e *Environment) Strays(ctx context.Context, id release.ID) ([]Container, error) {
	all, err := e.Inspect(ctx)
	return slices.DeleteFunc(all, func(c Container) bool { return c.Release() == id || !c.quiet() }), err
}

// Sweep removes containers that do not run, and returns those that are gone, also
// beside an error. Volumes stay.
func (e *Environment) Sweep(ctx context.Context, all []Container) ([]Container, error) {
	return e.remove(ctx, all)
}

// Of lists the containers of the slot, and refuses it when one is not of this release.
func (e *Environment) Of(ctx context.Context, id release.ID) ([]Container, error) {
	all, err := e.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Release() != id {
			return nil, release.Refuse("leave it as it is", "%s of %s is of release %q, not of %q", c, e.slot, c.Release(), id)
		}
	}
	return all, nil
}

// Clear removes all that is left of a release that was stopped with Still, and the
// networks that compose has made for it. It returns what is gone, also beside an error.
// Volumes, networks that others are attached to, and the addresses of the slot stay.
func (e *Environment) Clear(ctx context.Context, id release.ID) (gone []Container, cut []Network, err error) {
	all, err := e.Of(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if gone, err = e.remove(ctx, all); err != nil {
		return gone, nil, err
	}
	networks, err := e.Networks(ctx, nil)
	for _, n := range networks {
		if err := e.engine.RemoveNetwork(ctx, n.ID); err != nil {
			return gone, cut, fmt.Errorf("remove network %s of %s: %w", n.Name, e.slot, err)
		}
		cut = append(cut, n)
	}
	return gone, cut, err
}

// Networks lists those that compose has made for the slot and that nothing is attached
// to but these containers.
func (e *Environment) Networks(ctx context.Context, but []Container) ([]Network, error) {
	all, err := e.engine.Networks(ctx, e.place.Project)
	if err != nil {
		return nil, fmt.Errorf("list networks of %s: %w", e.slot, err)
	}
	return slices.DeleteFunc(all, func(n Network) bool { return !among(n.Attached, but) }), nil
}
