// Package registry reads image registries without a docker engine, so that
// what an engine claims to have pushed is seen by somebody else.
//
// It promises that a wrong account is found before an image is sent, and that
// every call has a deadline. It refuses plain http to other machines unless it
// is asked for, and sends a configured account to its own server only.
package registry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// deadline is how long one question may take, with the client's own retries.
const deadline = 30 * time.Second

// Client asks registries. It is safe for concurrent use.
type Client struct {
	settings Settings
	keys     authn.Keychain
	wire     http.RoundTripper
}

// New returns a client that uses the configured account for its server, and
// docker's configuration file for all others.
func New(s Settings) *Client {
	return &Client{
		settings: s,
		keys:     authn.NewMultiKeychain(configured{s}, authn.DefaultKeychain),
		wire:     encrypted{s.PlainHTTP, patient()},
	}
}

// MayPush starts an upload and gives it up, which is the only way in which all
// registries tell whether an account may push.
func (c *Client) MayPush(ctx context.Context, repository string) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	ref, err := name.ParseReference(repository + ":bluegreen")
	if err != nil {
		return fmt.Errorf("read repository %s: %w", repository, err)
	}
	return plain(remote.CheckPushPermission(ref, c.keys, bound{ctx, c.wire}))
}

// Manifest reads the image that a tag or a digest stands for. The error wraps
// image.ErrAbsent when the registry has none. Of an index, the image for
// linux/amd64 is described, under the digest of the index.
func (c *Client) Manifest(ctx context.Context, reference string) (image.Manifest, error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	ref, err := name.ParseReference(reference)
	if err != nil {
		return image.Manifest{}, fmt.Errorf("read reference %s: %w", reference, err)
	}
	got, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(c.keys), remote.WithTransport(c.wire))
	if err != nil {
		return image.Manifest{}, plain(err)
	}
	one, err := got.Image()
	if err != nil {
		return image.Manifest{}, plain(err)
	}
	return describe(release.Digest(got.Digest.String()), one)
}

func describe(digest release.Digest, one v1.Image) (image.Manifest, error) {
	manifest, err := one.Manifest()
	if err != nil {
		return image.Manifest{}, plain(err)
	}
	config, err := one.ConfigFile()
	if err != nil {
		return image.Manifest{}, plain(err)
	}
	size, err := compressed(manifest)
	if err != nil {
		return image.Manifest{}, err
	}
	return image.Manifest{
		Digest:     digest,
		Compressed: size,
		Labels:     config.Config.Labels,
		Command:    append(append([]string{}, config.Config.Entrypoint...), config.Config.Cmd...),
	}, nil
}

// compressed adds up the sizes of a manifest, and refuses those that would make an
// image smaller than a part of it: a limit would let it pass.
func compressed(manifest *v1.Manifest) (release.Size, error) {
	var all int64
	for _, part := range append([]v1.Descriptor{manifest.Config}, manifest.Layers...) {
		if part.Size < 0 || part.Size > math.MaxInt64-all {
			return 0, fmt.Errorf("the manifest says that %s has %d bytes", part.Digest, part.Size)
		}
		all += part.Size
	}
	return release.Size(all), nil
}

// Account returns who we are to the server of a repository.
func (c *Client) Account(ctx context.Context, repository string) (image.Account, error) {
	ref, err := name.NewRepository(repository)
	if err != nil {
		return image.Account{}, fmt.Errorf("read repository %s: %w", repository, err)
	}
	who, err := authn.Resolve(ctx, c.keys, ref)
	if err != nil {
		return image.Account{}, fmt.Errorf("find the account for %s: %w", ref.RegistryStr(), err)
	}
	auth, err := authn.Authorization(ctx, who)
	if err != nil {
		return image.Account{}, fmt.Errorf("find the account for %s: %w", ref.RegistryStr(), err)
	}
	return image.Account{
		Server:   ref.RegistryStr(),
		User:     auth.Username,
		Password: release.Secret(auth.Password),
		Token:    release.Secret(auth.IdentityToken),
	}, nil
}

func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, deadline, fmt.Errorf("the registry did not answer within %v", deadline))
}

// plain marks what is absent, and says shortly what a registry says at length.
func plain(err error) error {
	said, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return err
	}
	if said.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%w: %w", image.ErrAbsent, err)
	}
	if said.StatusCode == http.StatusUnauthorized || said.StatusCode == http.StatusForbidden {
		return fmt.Errorf("the registry refuses the account with status %d: %w", said.StatusCode, err)
	}
	return err
}
