package lab

import (
	"context"
	"errors"
	"io"
)

// Services says where the services are that Start started.
type Services struct {
	Postgres string // URL of the superuser, database postgres
	Redis    string // redis://127.0.0.1:port/0
	Registry string // 127.0.0.1:port, plain HTTP
	Docker   string // DOCKER_HOST

	site site
}

// Start starts services in a folder of the caller's own, or finds those that an
// earlier call with the same folder has started: any of postgres, redis,
// registry and docker; nginx, haproxy, socat, caddy, prometheus, ssh, compose, git
// and shellcheck are only installed. They run until Stop. Progress goes to log, a line each.
func Start(ctx context.Context, dir string, log io.Writer, names ...string) (*Services, error) {
	s, err := at(dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("start services: none is named")
	}
	if err := Install(ctx, log, names...); err != nil {
		return nil, err
	}
	return s.start(ctx, log, names)
}

// Up starts the services of the shared lab: postgres, redis, registry and
// docker when none is named.
func Up(ctx context.Context, log io.Writer, names ...string) (*Services, error) {
	s, err := shared()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = []string{"postgres", "redis", "registry", "docker"}
	}
	return s.start(ctx, log, names)
}

// Stop stops what Start has started and removes its data.
func (s *Services) Stop(ctx context.Context) error { return s.site.down(ctx) }

func (s site) start(ctx context.Context, log io.Writer, names []string) (*Services, error) {
	found := &Services{site: s}
	for _, name := range names {
		if err := s.add(ctx, log, name, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s site) add(ctx context.Context, log io.Writer, name string, to *Services) (err error) {
	if name == "docker" {
		to.Docker, err = s.ensureDocker(ctx, log)
		return err
	}
	if _, ok := services[name]; !ok {
		return Install(ctx, log, name)
	}
	one, err := s.ensure(ctx, log, name)
	if err != nil {
		return err
	}
	switch name {
	case "postgres":
		to.Postgres = postgresURL(one)
	case "redis":
		to.Redis = redisURL(one)
	case "registry":
		to.Registry = one.Address
	}
	return nil
}

// StopAt stops what Start has started in dir, also by a process that is gone,
// and removes its data.
func StopAt(ctx context.Context, dir string) error {
	s, err := at(dir)
	if err != nil {
		return err
	}
	return s.down(ctx)
}
