package image

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// verify compares three answers about one tag: the push's own, the engine's,
// and that of a client that has no part in the push. Then it asks that client
// for the digest itself, since that is what will be pulled.
func (w *work) verify(ctx context.Context, pushed release.Digest) (Manifest, error) {
	const hint = "run again; when it stays, see what else pushes to this tag or stands between here and the registry"
	asEngine, err := w.Engine.Resolve(ctx, w.tagged())
	if err != nil {
		return Manifest{}, fmt.Errorf("read back %s through the engine: %w", w.tagged(), err)
	}
	asClient, err := w.Registry.Manifest(ctx, w.tagged())
	if err != nil {
		return Manifest{}, fmt.Errorf("read back %s: %w", w.tagged(), err)
	}
	if pushed != asEngine || pushed != asClient.Digest {
		return Manifest{}, release.Refuse(hint, "tag %s moved: pushed %s, the engine reads %s, the registry says %s",
			w.tagged(), pushed.Short(), asEngine.Short(), asClient.Digest.Short())
	}
	pinned, err := w.Registry.Manifest(ctx, Pinned(w.image.Repository, pushed))
	if err != nil {
		return Manifest{}, fmt.Errorf("read back %s: %w", Pinned(w.image.Repository, pushed), err)
	}
	return pinned, w.judge(pinned)
}

// judge holds an image in the registry against what was ordered.
func (w *work) judge(m Manifest) error {
	if got := m.Labels[LabelRevision]; got != string(w.order.Commit) {
		return release.Refuse("see what sets this label after the build", "label %s is %q, not %q", LabelRevision, got, w.order.Commit)
	}
	if got := m.Labels[LabelVersion]; got != string(w.order.Version) {
		return release.Refuse("release under a version whose tag is free", "label %s of %s is %q, not %q", LabelVersion, w.tagged(), got, w.order.Version)
	}
	if m.Compressed <= 0 {
		return release.CannotTell("look at the manifest with a registry client", "size of %s is not told by its manifest", w.tagged())
	}
	if m.Compressed > w.image.MaxSize {
		return release.Refuse("make the image smaller, or raise max-size of this image",
			"size of %s is %v compressed, over its limit of %v", w.tagged(), m.Compressed, w.image.MaxSize)
	}
	return nil
}
