package docker

import (
	"context"

	"github.com/containerd/errdefs"
	imagetypes "github.com/docker/docker/api/types/image"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// Pull fetches an image, and reports how much of what is known to be missing
// has come.
func (e *Engine) Pull(ctx context.Context, reference string, progress func(done, total release.Size)) error {
	ctx, cancel := limit(ctx, transfer)
	defer cancel()
	auth, err := e.auth(ctx, reference)
	if err != nil {
		return err
	}
	body, err := e.api.ImagePull(ctx, reference, imagetypes.PullOptions{RegistryAuth: auth})
	if err != nil {
		return cause(ctx, err)
	}
	got := layers{}
	return cause(ctx, Read(body, func(m Message) error {
		if got.note(m) {
			progress(got.sum())
		}
		return nil
	}))
}

// layers is what has come of each layer, and its size.
type layers map[string][2]int64

func (l layers) note(m Message) bool {
	have, known := l[m.ID]
	switch {
	case m.Status == "Downloading" && m.Progress != nil && m.Progress.Total > 0:
		l[m.ID] = [2]int64{m.Progress.Current, m.Progress.Total}
		return true
	case m.Status == "Download complete" && known:
		l[m.ID] = [2]int64{have[1], have[1]}
		return true
	}
	return false
}

func (l layers) sum() (done, total release.Size) {
	for _, layer := range l {
		done, total = done+release.Size(layer[0]), total+release.Size(layer[1])
	}
	return done, total
}

// Image describes an image that the engine has, and false when it has none.
func (e *Engine) Image(ctx context.Context, reference string) (slot.Image, bool, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) {
		return slot.Image{}, false, nil
	}
	if err != nil {
		return slot.Image{}, false, cause(ctx, err)
	}
	found := slot.Image{References: got.RepoDigests}
	if got.Config != nil {
		found.Labels = got.Config.Labels
	}
	return found, true, nil
}

// Size is how much an image takes in the engine, unpacked.
func (e *Engine) Size(ctx context.Context, reference string) (release.Size, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	got, err := e.api.ImageInspect(ctx, reference)
	if err != nil {
		return 0, cause(ctx, err)
	}
	return release.Size(got.Size), nil
}
