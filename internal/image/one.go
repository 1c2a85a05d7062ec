package image

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The labels that say what an image was made of. The first two are OCI's.
const (
	LabelRevision = "org.opencontainers.image.revision"
	LabelVersion  = "org.opencontainers.image.version"
	labelPrepared = "dev.bluegreen.prepared" // how many commands ran before the build
)

// patience is how long one command that prepares a build may take.
const patience = 30 * time.Minute

// work is one image on its way.
type work struct {
	Pipeline
	order Order
	name  string
	image Image
	log   *Log
	stage Stage
}

func (p Pipeline) one(ctx context.Context, order Order, name string) (Built, error) {
	i := order.Images[name]
	w := &work{p, order, name, i, NewLog(name, p.Say, i.secrets()...), Reusing}
	started := time.Now()
	built, err := w.make(ctx)
	if err != nil {
		w.log.Step("%s failed: %v", w.stage, err)
		return Built{}, &Failure{name, w.stage, w.log.String(), err}
	}
	built.Name, built.Repository, built.Limit = name, i.Repository, i.MaxSize
	built.Prepared = built.Labels[labelPrepared]
	built.Log, built.Took = w.log.String(), time.Since(started)
	return built, nil
}

func (w *work) make(ctx context.Context) (Built, error) {
	have, err := w.Registry.Manifest(ctx, w.tagged())
	if err == nil {
		return w.reuse(have)
	}
	if !errors.Is(err, ErrAbsent) {
		return Built{}, fmt.Errorf("look for %s: %w", w.tagged(), err)
	}
	w.stage = Preparing
	if err := w.prepare(ctx); err != nil {
		return Built{}, err
	}
	w.stage = Building
	w.log.Step("building %s", w.tagged())
	local, err := w.Builder.Build(ctx, w.job(), w.log)
	if err != nil {
		return Built{}, err
	}
	w.stage = Pushing
	digest, err := w.Engine.Push(ctx, w.tagged(), w.log)
	if err != nil {
		return Built{}, err
	}
	w.stage = Verifying
	manifest, err := w.verify(ctx, digest)
	if err != nil {
		return Built{}, err
	}
	w.log.Step("pushed %s, %v compressed, %v unpacked", digest.Short(), manifest.Compressed, local.Unpacked)
	return Built{Manifest: manifest, Unpacked: local.Unpacked, Steps: local.Steps}, nil
}

// reuse accepts the image that the tag stands for only when it says that it is
// of this commit.
func (w *work) reuse(have Manifest) (Built, error) {
	if revision := have.Labels[LabelRevision]; revision != string(w.order.Commit) {
		return Built{}, release.Refuse("release this commit under a version of its own: a tag that has been pushed is not moved",
			"tag %s stands for another commit: %s of %s, not of %s", w.tagged(), have.Digest.Short(), orNone(revision), w.order.Commit.Short())
	}
	if err := w.judge(have); err != nil {
		return Built{}, err
	}
	w.log.Step("skipped: the registry has %s of this commit as %s", w.order.Version, have.Digest.Short())
	return Built{Manifest: have, Reused: true}, nil
}

func (w *work) prepare(ctx context.Context) error {
	for _, argv := range w.image.Prepare {
		w.log.Step("running %s", filepath.Base(argv[0]))
		c := Command{Dir: w.order.Dir, Argv: argv, Env: []string{"VERSION=" + string(w.order.Version), "REVISION=" + string(w.order.Commit)}}
		if err := w.run(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) run(ctx context.Context, c Command) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done within %v", patience))
	defer cancel()
	return w.Run(ctx, c, w.log)
}

func (w *work) job() Job {
	args := map[string]string{"VERSION": string(w.order.Version), "REVISION": string(w.order.Commit)}
	for name, value := range w.image.Args {
		args[name] = value
	}
	return Job{
		Reference:  w.tagged(),
		Context:    filepath.Join(w.order.Dir, w.image.Context),
		Dockerfile: filepath.Join(w.order.Dir, w.image.dockerfile()),
		Args:       args,
		Labels: map[string]string{
			LabelRevision: string(w.order.Commit),
			LabelVersion:  string(w.order.Version),
			labelPrepared: strconv.Itoa(len(w.image.Prepare)),
		},
		Target:   w.image.Target,
		Platform: w.image.Platform,
		Secrets:  w.image.Secrets,
	}
}

func (w *work) tagged() string { return Tagged(w.image.Repository, w.order.Version) }

func orNone(text string) string {
	if text == "" {
		return "no named commit"
	}
	return release.Commit(text).Short()
}
