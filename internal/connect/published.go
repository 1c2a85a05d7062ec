package connect

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Published refuses a slot of which an address on the engine's machine is not of its
// compose project, but of a neighbour. An address elsewhere, such as a container's own,
// is let through.
func Published(ctx context.Context, job *action.Job, s release.Slot) error {
	place := job.Config.Slots.Of(s)
	engine, err := docker.Open(ctx, place.Docker, registry.New(job.Config.Registry))
	if err != nil {
		return fmt.Errorf("%s slot: %w", s, err)
	}
	defer engine.Close()
	all, err := engine.Containers(ctx, "")
	if err != nil {
		return fmt.Errorf("list containers of all projects: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(place.Services)) {
		host, port := hostPort(place.Services[name])
		if !engine.Near(host) {
			continue
		}
		if err := publishes(all, place.Project, host, port); err != nil {
			return fmt.Errorf("%s, %s: %w", name, place.Services[name], err)
		}
	}
	return nil
}

// publishes looks for who has a port. A container with the host's own network may have
// any that no other publishes.
func publishes(all []slot.Container, project, host, port string) error {
	may := false
	for _, c := range all {
		if c.State != slot.Running {
			continue
		}
		ours := c.Project == project
		may = may || ours && c.AsHost
		if !slices.ContainsFunc(c.Ports, func(p string) bool { return reaches(p, host, port) }) {
			continue
		}
		if !ours {
			return fmt.Errorf("port %s is published by container %s, which is not of compose project %s", port, strings.TrimPrefix(c.Name, "/"), project)
		}
		return nil
	}
	if !may {
		return fmt.Errorf("no running container of compose project %s publishes port %s", project, port)
	}
	return nil
}

// reaches says whether a published address, such as 0.0.0.0:80, has this one.
func reaches(published, host, port string) bool {
	at, number, err := net.SplitHostPort(published)
	if err != nil || number != port {
		return false
	}
	on, to := net.ParseIP(at), net.ParseIP(host)
	return on == nil || on.IsUnspecified() || host == "localhost" && on.IsLoopback() || on.Equal(to)
}

// hostPort is who is asked at an address.
func hostPort(address string) (host, port string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	if port = u.Port(); port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Hostname(), port
}
