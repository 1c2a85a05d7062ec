package docker

import (
	"context"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"

	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Networks lists the networks that compose has made for a project, and which
// containers are attached to each. A network itself knows of the running ones only,
// and the others could not be started without it.
func (e *Engine) Networks(ctx context.Context, project string) ([]slot.Network, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	list, err := e.api.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelProject+"="+project))})
	if err != nil {
		return nil, cause(ctx, err)
	}
	var all []slot.Network
	for _, n := range list {
		// One that was never started has the network's name only.
		users, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("network", n.ID), filters.Arg("network", n.Name))})
		if err != nil {
			return nil, cause(ctx, err)
		}
		one := slot.Network{ID: n.ID, Name: n.Name}
		for _, c := range users {
			one.Attached = append(one.Attached, c.ID)
		}
		all = append(all, one)
	}
	return all, nil
}

// RemoveNetwork removes a network; one that is gone is removed.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	err := e.api.NetworkRemove(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	return cause(ctx, err)
}

// Stored lists the images of these repositories, with their names there.
func (e *Engine) Stored(ctx context.Context, repositories []string) ([]slot.Stored, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	list, err := e.api.ImageList(ctx, imagetypes.ListOptions{})
	if err != nil {
		return nil, cause(ctx, err)
	}
	users, err := e.users(ctx)
	if err != nil {
		return nil, err
	}
	var all []slot.Stored
	for _, one := range list {
		names := slices.DeleteFunc(append(slices.Clone(one.RepoTags), one.RepoDigests...), func(name string) bool {
			return !slices.Contains(repositories, image.Repository(name)) // <none> is none of them
		})
		if len(names) == 0 {
			continue
		}
		named, err := e.named(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, slot.Stored{ID: one.ID, References: names, Size: release.Size(one.Size), Named: named, Users: users[one.ID]})
	}
	return all, nil
}

// users is the containers by the image that they are made of.
func (e *Engine) users(ctx context.Context) (map[string][]string, error) {
	list, err := e.api.ContainerList(ctx, container.ListOptions{All: true})
	of := map[string][]string{}
	for _, c := range list {
		of[c.ImageID] = append(of[c.ImageID], c.ID)
	}
	return of, cause(ctx, err)
}

func (e *Engine) named(ctx context.Context, id string) (time.Time, error) {
	got, err := e.api.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return time.Time{}, nil
	}
	return got.Metadata.LastTagTime, cause(ctx, err)
}

// Discard takes a name off an image, and removes an image without any left. One that
// is gone is removed; one that a container has come to use stays.
func (e *Engine) Discard(ctx context.Context, reference string) (bool, error) {
	ctx, cancel := limit(ctx, deleting)
	defer cancel()
	_, err := e.api.ImageRemove(ctx, reference, imagetypes.RemoveOptions{PruneChildren: true})
	switch {
	case errdefs.IsConflict(err):
		return false, nil
	case err == nil || errdefs.IsNotFound(err):
		return true, nil
	}
	return false, cause(ctx, err)
}
