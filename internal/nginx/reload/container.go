package reload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// container is an nginx that is the first process of a container, which says
// what it refuses on its standard error, as nginx's own image has it.
type container struct {
	settings Settings

	mu     sync.Mutex
	engine *docker.Engine
}

// open connects at the first use, and again while that has failed.
func (c *container) open(ctx context.Context) (*docker.Engine, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine != nil {
		return c.engine, nil
	}
	engine, err := docker.Open(ctx, c.settings.Docker, nil)
	if err == nil {
		c.engine = engine
	}
	return engine, err
}

func (c *container) test(ctx context.Context) error {
	engine, err := c.open(ctx)
	if err != nil {
		return err
	}
	said, status, err := engine.Exec(ctx, c.settings.Container, c.settings.Test)
	switch {
	case err != nil:
		return fmt.Errorf("run %s in container %s: %w", c.settings.Test[0], c.settings.Container, err)
	case status == 0:
		return nil
	}
	if lines := refusals(said); len(lines) > 0 {
		return errors.New(strings.Join(lines, "; "))
	}
	return fmt.Errorf("run %s in container %s: exit status %d: %.400s", c.settings.Test[0], c.settings.Container, status, said)
}

func (c *container) signal(ctx context.Context) error {
	engine, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err := engine.Signal(ctx, c.settings.Container, "HUP"); err != nil {
		return fmt.Errorf("send container %s the signal to reload: %w", c.settings.Container, err)
	}
	return nil
}

// may refuses a container in which nginx would not get the signal.
func (c *container) may(ctx context.Context) error {
	engine, err := c.open(ctx)
	if err != nil {
		return err
	}
	titles, err := engine.Titles(ctx, c.settings.Container)
	if err != nil {
		return release.CannotTell("start the container, or correct its name", "look into container %s: %w", c.settings.Container, err)
	}
	for _, title := range titles {
		if strings.HasPrefix(title, "nginx: master process") {
			return nil
		}
	}
	return release.Refuse("let nginx be the first process of the container: exec nginx, where a shell starts it",
		"no nginx runs in container %s", c.settings.Container)
}

func (c *container) workers(ctx context.Context) ([]string, error) {
	engine, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	titles, err := engine.Titles(ctx, c.settings.Container)
	if err != nil {
		return nil, err
	}
	return serving(titles)
}

// mark is the engine's time: the log is the container's.
func (c *container) mark(ctx context.Context) mark {
	engine, err := c.open(ctx)
	if err != nil {
		return time.Time{}
	}
	at, err := engine.Now(ctx)
	if err != nil {
		return time.Time{}
	}
	return at
}

func (c *container) complaints(ctx context.Context, since mark) []string {
	engine, err := c.open(ctx)
	if err == nil {
		var text strings.Builder
		err = engine.Logs(ctx, c.settings.Container, since.(time.Time), 1000, func(line string) { fmt.Fprintln(&text, line) })
		if err == nil {
			return refusals(text.String())
		}
	}
	return []string{fmt.Sprintf("the log of container %s cannot be read: %v", c.settings.Container, err)}
}

func (c *container) breakGlass() string {
	if c.settings.Docker != "" {
		return fmt.Sprintf("docker -H %s kill -s HUP %s", c.settings.Docker, c.settings.Container)
	}
	return "docker kill -s HUP " + c.settings.Container
}
