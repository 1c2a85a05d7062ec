package slot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// sayEvery is how often a pull in progress is said.
const sayEvery = 2 * time.Second

// pull brings all images to the slot's engine, by digest, and compares what
// they say that they were made of.
func (d *deployment) pull(ctx context.Context) error {
	var mu sync.Mutex
	pulled := map[string]Image{}
	group, groupCtx := errgroup.WithContext(ctx)
	for name, pin := range d.order.Images {
		group.Go(func() error {
			image, err := d.fetch(groupCtx, name, pin)
			mu.Lock()
			defer mu.Unlock()
			pulled[name] = image
			return err
		})
	}
	if err := group.Wait(); err != nil {
		for _, id := range []string{"B.1.s1", "B.1.v1", "B.1.v3", "8.1.s4"} {
			d.found.Show(id, false, "%v", err)
		}
		return err
	}
	for _, id := range []string{"B.1.s1", "B.1.v1", "8.1.s4"} {
		d.found.Show(id, true, "the slot's engine has %d of %d digests: %s", len(pulled), len(d.order.Images), d.digests())
	}
	d.found.Show("B.1.v3", true, "%d pulls read to their end without an error", len(pulled))
	return d.compare(pulled)
}

func (d *deployment) fetch(ctx context.Context, name string, pin Pin) (Image, error) {
	reference := pin.Reference()
	if image, ok, err := d.engine.Image(ctx, reference); err != nil || ok && slices.Contains(image.References, reference) {
		return image, err
	}
	started := time.Now()
	var done, total release.Size
	last := started
	err := d.engine.Pull(ctx, reference, func(now, of release.Size) {
		done, total = now, of
		if time.Since(last) >= sayEvery {
			last = time.Now()
			d.sayf("[%s] pulling, %v of %v", name, done, total)
		}
	})
	if err != nil {
		return Image{}, fmt.Errorf("pull %s: %w", reference, err)
	}
	image, ok, err := d.engine.Image(ctx, reference)
	if err != nil {
		return Image{}, err
	}
	if !ok || !slices.Contains(image.References, reference) {
		return Image{}, release.CannotTell("look at the engine's images", "pull %s: the engine does not have it afterwards", reference)
	}
	d.sayf("[%s] pulled %s, %v in %v", name, pin.Digest.Short(), total, time.Since(started).Round(time.Millisecond))
	return image, nil
}

// compare needs equal text: v1.2.0 is in v1.2.01 too.
func (d *deployment) compare(pulled map[string]Image) error {
	for _, name := range sorted(pulled) {
		labels := pulled[name].Labels
		version, revision := labels[imageVersion], labels[imageRevision]
		if version == string(d.order.Version) && revision == string(d.order.Commit) {
			continue
		}
		err := release.Refuse("deploy the digests that the build job of this commit put out",
			"image %s says version %q of commit %q, not %s of %s", name, version, revision, d.order.Version, d.order.Commit.Short())
		d.found.Show("B.1.s2", false, "%v", err)
		d.found.Show("B.1.v2", false, "%v", err)
		return err
	}
	for _, id := range []string{"B.1.s2", "B.1.v2"} {
		d.found.Show(id, true, "%d images say version %s and commit %s", len(pulled), d.order.Version, d.order.Commit.Short())
	}
	return nil
}

func (d *deployment) digests() string {
	text := ""
	for _, name := range sorted(d.order.Images) {
		text += name + " " + d.order.Images[name].Digest.Short() + " "
	}
	return text[:max(0, len(text)-1)]
}
