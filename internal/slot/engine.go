package slot

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Lister says what there is.
type Lister interface {
	// Containers lists the containers of a compose project, stopped ones too;
	// of all projects when it is empty.
	Containers(ctx context.Context, project string) ([]Container, error)
}

// Mover changes containers one by one.
type Mover interface {
	Start(ctx context.Context, id string) error
	// Stop sends the container's stop signal, waits until it has exited, and
	// kills it when the grace is over; OwnGrace is the container's own. To stop
	// what is stopped is no error.
	Stop(ctx context.Context, id string, grace time.Duration) error
	// Remove removes a container that is stopped, and keeps its volumes.
	Remove(ctx context.Context, id string) error
}

// OwnGrace leaves the grace to the container's own configuration.
const OwnGrace time.Duration = -1

// Images brings images to the engine.
type Images interface {
	// Image describes an image that the engine has, and false when it has none.
	Image(ctx context.Context, reference string) (Image, bool, error)
	// Pull fetches an image. An error that comes in the middle of the stream
	// is an error.
	Pull(ctx context.Context, reference string, progress func(done, total release.Size)) error
}

// Witness tells what happens inside.
type Witness interface {
	// Logs calls line for each line: since then unless it is zero, and only
	// for the last tail lines when tail is above 0.
	Logs(ctx context.Context, id string, since time.Time, tail int, line func(string)) error
	// Usage measures a running container once.
	Usage(ctx context.Context, id string) (Usage, error)
	// Now reads the engine's clock, which its events are dated by.
	Now(ctx context.Context) (time.Time, error)
	// Events sends what happens in a project, from then on, until ctx ends or
	// the stream breaks; then it closes the channel and returns the reason from
	// the function.
	Events(ctx context.Context, project string, since time.Time) (<-chan Event, func() error)
}

// Engine is the docker engine that a slot runs on.
type Engine interface {
	Lister
	Mover
	Images
	Witness
	Stock
}

// Compose turns compose files into containers. All calls are about one project.
type Compose interface {
	// Services reads the merged files as they would be used.
	Services(ctx context.Context, o Override) (map[string]Service, error)
	// Up creates and starts containers. It changes only those that differ.
	Up(ctx context.Context, o Override, u Up) error
}

// Image is an image in the engine.
type Image struct {
	References []string // repository@digest
	Labels     map[string]string
}

// Usage is what a container takes at one moment.
type Usage struct {
	At          time.Time
	CPU         time.Duration // since its start, over all cores
	Cores       float64       // of the host
	Memory      release.Size  // without the page cache that can be dropped
	MemoryLimit release.Size  // its own, or the host's
}

// Override is what a deployment changes in the compose files, by service.
type Override map[string]Change

// Change is what a deployment changes in one service. An empty image is kept.
type Change struct {
	Image  string
	Labels map[string]string
}

// Up says what to bring up. Services is never empty.
type Up struct {
	Services []string
	Scale    map[string]int
	NoStart  bool // create only
	NoDeps   bool // leave the services that these depend on alone
}

// Service is one service of the merged compose files.
type Service struct {
	Image    string
	Replicas int
	Name     string            // a fixed container name, which allows one container only
	Needs    map[string]string // the services that it waits for, and for what
}
