package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types"
	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Login tries the account for a repository on its registry. With none there is
// nothing to try.
func (e *Engine) Login(ctx context.Context, repository string) error {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	account, err := e.account(ctx, repository)
	if err != nil || account.Anonymous() {
		return err
	}
	_, err = e.api.RegistryLogin(ctx, config(account))
	return cause(ctx, err)
}

// Push pushes a tag and returns the digest that the push ended with.
func (e *Engine) Push(ctx context.Context, reference string, log *image.Log) (release.Digest, error) {
	ctx, cancel := limit(ctx, transfer)
	defer cancel()
	auth, err := e.auth(ctx, reference)
	if err != nil {
		return "", err
	}
	log.Step("pushing %s", reference)
	body, err := e.api.ImagePush(ctx, reference, imagetypes.PushOptions{RegistryAuth: auth})
	if err != nil {
		return "", fmt.Errorf("push %s: %w", reference, cause(ctx, err))
	}
	digest, err := pushed(body, log)
	if err != nil {
		return "", fmt.Errorf("push %s: %w", reference, cause(ctx, err))
	}
	return digest, nil
}

func pushed(body io.ReadCloser, log *image.Log) (release.Digest, error) {
	var digest release.Digest
	err := Read(body, func(m Message) error {
		if m.Progress == nil && m.Status != "" {
			fmt.Fprintf(log, "%s %s\n", m.ID, m.Status)
		}
		if m.Aux == nil {
			return nil
		}
		var end types.PushResult
		if err := json.Unmarshal(*m.Aux, &end); err != nil {
			return fmt.Errorf("read the push's digest: %w", err)
		}
		return digest.UnmarshalText([]byte(end.Digest))
	})
	if err == nil && digest == "" {
		err = errors.New("the push ended without a digest")
	}
	return digest, err
}

// Resolve asks the registry, through the engine, what a reference stands for.
func (e *Engine) Resolve(ctx context.Context, reference string) (release.Digest, error) {
	ctx, cancel := limit(ctx, quick)
	defer cancel()
	auth, err := e.auth(ctx, reference)
	if err != nil {
		return "", err
	}
	got, err := e.api.DistributionInspect(ctx, reference, auth)
	if err != nil {
		return "", cause(ctx, err)
	}
	return release.Digest(got.Descriptor.Digest), nil
}

func (e *Engine) auth(ctx context.Context, reference string) (string, error) {
	account, err := e.account(ctx, image.Repository(reference))
	if err != nil {
		return "", err
	}
	return registry.EncodeAuthConfig(config(account))
}

func (e *Engine) account(ctx context.Context, repository string) (image.Account, error) {
	if e.accounts == nil {
		return image.Account{}, nil
	}
	return e.accounts.Account(ctx, repository)
}

func config(a image.Account) registry.AuthConfig {
	return registry.AuthConfig{Username: a.User, Password: a.Password.Reveal(), IdentityToken: a.Token.Reveal(), ServerAddress: a.Server}
}
