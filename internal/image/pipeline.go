package image

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// atOnce is how many images are worked on at a time.
const atOnce = 4

// ErrAbsent says that a registry answered, and has no such image.
var ErrAbsent = errors.New("no such image")

// Registry is read independently of the engine that pushes.
type Registry interface {
	// MayPush returns an error unless the account may push to the repository.
	// It answers without sending an image.
	MayPush(ctx context.Context, repository string) error
	// Manifest reads what a reference stands for. The error wraps ErrAbsent
	// when the registry has no such image.
	Manifest(ctx context.Context, reference string) (Manifest, error)
}

// Engine is what moves a built image to the registry.
type Engine interface {
	// Login returns an error when the registry refuses the engine's account.
	Login(ctx context.Context, repository string) error
	// Push returns the digest that the push ended with.
	Push(ctx context.Context, reference string, log *Log) (release.Digest, error)
	// Resolve asks the registry, as the engine sees it, what a reference stands for.
	Resolve(ctx context.Context, reference string) (release.Digest, error)
}

// Builder makes an image and leaves it in the engine, named by the job's
// reference.
type Builder interface {
	Build(ctx context.Context, job Job, log *Log) (Local, error)
}

// Job is one image to build. Paths are usable as they are.
type Job struct {
	Reference  string
	Context    string
	Dockerfile string
	Args       map[string]string
	Labels     map[string]string
	Target     string
	Platform   string
	Secrets    map[string]release.Secret
}

// Local is an image in the engine. It has no digest: only a registry gives one.
type Local struct {
	Unpacked release.Size
	Steps    []string // the RUN instructions that were completed or taken from the cache; nil when the builder does not tell
}

// Manifest is an image as a registry describes it.
type Manifest struct {
	Digest     release.Digest
	Compressed release.Size // the sum of the layers and the configuration
	Labels     map[string]string
	Command    []string // entry point and command
}

// Command is a program to run in the checkout.
type Command struct {
	Dir  string
	Argv []string
	Env  []string // NAME=value, beside what is inherited
}

// Order says which images to make, and of what.
type Order struct {
	Images  map[string]Image
	Version release.Version
	Commit  release.Commit
	Dir     string // the checkout
}

// Built is one image that is in the registry.
type Built struct {
	Name       string
	Repository string
	Manifest
	Unpacked release.Size // 0 when it was reused, since only the engine that built it knows
	Limit    release.Size
	Reused   bool   // this commit's image was there already; nothing was built
	Prepared string // how many commands prepared the build, as its label has it
	Steps    []string
	Log      string
	Took     time.Duration
}

// Pipeline makes images. Run runs the commands that prepare a build; Say gets
// one line at a time, and may be nil.
type Pipeline struct {
	Registry Registry
	Engine   Engine
	Builder  Builder
	Run      func(ctx context.Context, c Command, out io.Writer) error
	Say      func(line string)
}

// Build makes all images of the order at once and returns them by name. The
// first failure stops the others and is returned; it wraps a *Failure. What
// was shown is added to found in either case.
func (p Pipeline) Build(ctx context.Context, order Order, found *release.Findings) (map[string]Built, error) {
	if err := order.check(); err != nil {
		return nil, err
	}
	if err := p.mayPush(ctx, order); err != nil {
		return nil, err
	}
	built, failures := p.all(ctx, order)
	show(found, order, built, failures)
	return built, errors.Join(causes(failures)...)
}

func (p Pipeline) all(ctx context.Context, order Order) (map[string]Built, map[string]error) {
	var mu sync.Mutex
	built, failures := map[string]Built{}, map[string]error{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, name := range sorted(order.Images) {
		group.Go(func() error {
			one, err := p.one(ctx, order, name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures[name] = err
				return err
			}
			built[name] = one
			return nil
		})
	}
	_ = group.Wait() // its error is among the failures
	return built, failures
}

// mayPush asks before anything is built: an engine takes a minute to find out.
func (p Pipeline) mayPush(ctx context.Context, order Order) error {
	const hint = "check the registry account that is configured, or run docker login for this registry, then run again"
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, name := range sorted(order.Images) {
		repository := order.Images[name].Repository
		group.Go(func() error {
			if err := p.Registry.MayPush(ctx, repository); err != nil {
				return release.Refuse(hint, "log in to push %s: %w", repository, err)
			}
			if err := p.Engine.Login(ctx, repository); err != nil {
				return release.Refuse(hint, "log the engine in to push %s: %w", repository, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (o Order) check() error {
	const hint = "describe the application's images under images in the configuration"
	if len(o.Images) == 0 {
		return release.Reject(hint, "images is missing: there is nothing to build")
	}
	if o.Version == "" || o.Commit == "" {
		return release.Reject("pass the version and the full commit id", "build %d images: the version or the commit is missing", len(o.Images))
	}
	taken := map[string]string{}
	for _, name := range sorted(o.Images) {
		i := o.Images[name]
		if err := i.Check(); err != nil {
			return release.Reject(hint, "images.%s: %w", name, err)
		}
		if other, ok := taken[i.Repository]; ok {
			return release.Reject("give each image a repository of its own", "images.%s and images.%s share the repository %s", other, name, i.Repository)
		}
		taken[i.Repository] = name
	}
	return nil
}
