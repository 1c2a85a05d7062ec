package slot

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Pin is an image by its content.
type Pin struct {
	Repository string
	Digest     release.Digest
}

// Reference is what the image is pulled by.
func (p Pin) Reference() string { return p.Repository + "@" + string(p.Digest) }

// Order says what to deploy.
type Order struct {
	Release release.ID
	Version release.Version
	Commit  release.Commit
	Images  map[string]Pin // by the name that the record has
	// Weights reads the load balancer. It is asked before anything changes,
	// and again at the end.
	Weights func(ctx context.Context) (release.Weights, error)
	// Claim returns an error unless this release may use the slot; nil claims
	// nothing.
	Claim func(ctx context.Context) error
	// Live is the slot whose errors are not new; nil in a first release.
	Live *Environment
}

func (o Order) check() error {
	const hint = "pass the release record of the build job, with the digests of all images"
	switch {
	case o.Release == "" || o.Version == "" || o.Commit == "":
		return release.Reject(hint, "the release has no id, version or commit")
	case len(o.Images) == 0:
		return release.Reject(hint, "the release pins no image")
	case o.Weights == nil:
		return release.Reject("configure the router", "the weights of the slots cannot be read")
	}
	for name, pin := range o.Images {
		var digest release.Digest
		if err := digest.UnmarshalText([]byte(pin.Digest)); err != nil || pin.Repository == "" {
			return release.Reject(hint, "image %s is not pinned: repository %q, digest %q", name, pin.Repository, pin.Digest)
		}
	}
	return nil
}
