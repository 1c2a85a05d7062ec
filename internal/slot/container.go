package slot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The labels of a container that was deployed by us.
const (
	LabelRelease  = "dev.bluegreen.release"
	LabelSlot     = "dev.bluegreen.slot"
	LabelVersion  = "dev.bluegreen.version"
	LabelDigest   = "dev.bluegreen.digest"   // only where the record pins one
	LabelRole     = "dev.bluegreen.role"     // http, worker or job
	LabelServices = "dev.bluegreen.services" // what the slot has in all, such as backend=2 frontend=1
)

// The labels by which an image says what it was made of. They are OCI's.
const (
	imageVersion  = "org.opencontainers.image.version"
	imageRevision = "org.opencontainers.image.revision"
)

// What a container is for.
const (
	roleHTTP   = "http"
	roleWorker = "worker"
	roleJob    = "job" // runs once, and others wait for its success
)

// State is what a container does.
type State string

// The states of a container, as the engine names them. A container between two
// crashes says running: its restarts tell.
const (
	Created    State = "created" // never started
	Running    State = "running"
	Restarting State = "restarting"
	Paused     State = "paused"
	Exited     State = "exited"
	Dead       State = "dead"
	Removing   State = "removing" // what removed it may have died meanwhile: the engine goes on
)

// Health is what a container's own check says.
type Health string

// The results of a health check.
const (
	Unchecked Health = "" // it has no check
	Starting  Health = "starting"
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
)

// Container is one container of a slot, as the engine describes it.
type Container struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Project  string            `json:"project"`
	Service  string            `json:"service"`
	Number   int               `json:"number"`
	State    State             `json:"state"`
	Health   Health            `json:"health,omitempty"`
	Restarts int               `json:"restarts"`
	OOM      bool              `json:"oom,omitempty"`
	ExitCode int               `json:"exitCode"`
	Returns  bool              `json:"returns,omitempty"` // the engine starts it again after it has ended well, too
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	Images   []string          `json:"images,omitempty"`  // what registries call the image it runs: repository@digest
	Labels   map[string]string `json:"labels,omitempty"`  // its own and those of its image
	Ports    []string          `json:"ports,omitempty"`   // published on the host, such as 127.0.0.1:18081
	AsHost   bool              `json:"asHost,omitempty"`  // it has the host's own network: what it listens on is published without being in Ports
	CPUs     float64           `json:"cpus,omitempty"`    // limit; 0 is none
	Endless  bool              `json:"endless,omitempty"` // its log is a file on the host that grows without an end
}

// String names the container by what people call it, such as "worker 2".
func (c Container) String() string { return c.Service + " " + strconv.Itoa(c.Number) }

// Version is the version that the image it runs says it is.
func (c Container) Version() string { return c.Labels[imageVersion] }

// Release is the release that deployed it; empty when none did.
func (c Container) Release() release.ID { return release.ID(c.Labels[LabelRelease]) }

// Digest is what it runs, as observed: the digest of the repository it was
// deployed from, or the first one of any.
func (c Container) Digest() release.Digest {
	for _, reference := range c.Images {
		if _, digest, ok := strings.Cut(reference, "@"); ok {
			return release.Digest(digest)
		}
	}
	return ""
}

// Ready says whether it does what it is for.
func (c Container) Ready() bool { return c.unready() == "" }

func (c Container) runs(p Pin) bool { return slices.Contains(c.Images, p.Reference()) }

// mayEnd says whether an exit with 0 is no loss: of a job, and of a program that the
// engine starts again, such as a worker that ends after so many jobs.
func (c Container) mayEnd() bool { return c.job() || c.Returns }

func (c Container) job() bool { return c.Labels[LabelRole] == roleJob }

// quiet says that it takes no jobs and will not by itself.
func (c Container) quiet() bool {
	return slices.Contains([]State{Created, Exited, Dead, Removing}, c.State)
}

// broken says in a few words why the container cannot be waited for any more.
func (c Container) broken() string {
	switch {
	case c.OOM:
		return "ran out of memory"
	case c.Restarts > 0:
		return fmt.Sprintf("crashed, restarts: %d", c.Restarts)
	case c.job() && c.State == Exited && c.ExitCode == 0:
		return ""
	case c.State == Exited || c.State == Dead:
		return fmt.Sprintf("exited with %d", c.ExitCode)
	case c.State == Restarting:
		return "is restarting"
	case c.Health == Unhealthy:
		return "is unhealthy"
	}
	return ""
}

// unready says what the container lacks to serve, or nothing.
func (c Container) unready() string {
	switch {
	case c.job() && c.State == Exited:
		return ""
	case c.job():
		return "has not finished"
	case c.State != Running:
		return "is " + string(c.State)
	case c.Health != Unchecked && c.Health != Healthy:
		return "is " + string(c.Health)
	}
	return ""
}
