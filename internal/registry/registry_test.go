package registry_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestAManifestIsReadByTagAndByDigest(t *testing.T) {
	t.Parallel()
	repository := lab.Registry(t) + "/" + lab.Name(t)
	img, err := random.Image(2000, 3)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.Config(img, v1.Config{Labels: map[string]string{image.LabelVersion: "v1"}, Entrypoint: []string{"/app"}, Cmd: []string{"serve"}})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(repository + ":v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	client := registry.New(registry.Settings{})
	byTag, err := client.Manifest(t.Context(), repository+":v1")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := img.Digest()
	if byTag.Digest != release.Digest(want.String()) || byTag.Compressed < 6000 || byTag.Labels[image.LabelVersion] != "v1" || strings.Join(byTag.Command, " ") != "/app serve" {
		t.Errorf("got %+v", byTag)
	}
	byDigest, err := client.Manifest(t.Context(), image.Pinned(repository, byTag.Digest))
	if err != nil || byDigest.Digest != byTag.Digest {
		t.Errorf("by digest: %+v, %v", byDigest, err)
	}
	if err := client.MayPush(t.Context(), repository); err != nil {
		t.Errorf("may push: %v", err)
	}
}

func TestWhatIsAbsentIsToldFromWhatCannotBeAsked(t *testing.T) {
	t.Parallel()
	client, host := registry.New(registry.Settings{}), lab.Registry(t)
	repository := host + "/" + lab.Name(t)
	for _, reference := range []string{repository + ":v1", image.Pinned(repository, release.Digest("sha256:"+strings.Repeat("0", 64)))} {
		if _, err := client.Manifest(t.Context(), reference); !errors.Is(err, image.ErrAbsent) {
			t.Errorf("%s: %v", reference, err)
		}
	}
	for _, reference := range []string{"127.0.0.1:9/web:v1", "not a reference"} {
		if _, err := client.Manifest(t.Context(), reference); err == nil || errors.Is(err, image.ErrAbsent) {
			t.Errorf("%s: %v", reference, err)
		}
	}
}

func TestAccountsGoToTheirOwnServerOnly(t *testing.T) {
	dir := t.TempDir()
	text, _ := json.Marshal(map[string]any{"auths": map[string]any{"quay.io": map[string]string{"username": "file", "password": "f"}}})
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	ghcr := registry.New(registry.Settings{Server: "ghcr.io", User: "ci", Password: "p"})
	hub := registry.New(registry.Settings{Server: "docker.io", User: "ci", Password: "p"})
	tests := map[string]struct {
		client     *registry.Client
		repository string
		want       image.Account
	}{
		"the configured server":      {ghcr, "ghcr.io/acme/web", image.Account{Server: "ghcr.io", User: "ci", Password: "p"}},
		"one of docker's file":       {ghcr, "quay.io/acme/web", image.Account{Server: "quay.io", User: "file", Password: "f"}},
		"one that nobody configured": {ghcr, "registry.example.com/web", image.Account{Server: "registry.example.com"}},
		"Docker Hub by its alias":    {hub, "acme/web", image.Account{Server: "index.docker.io", User: "ci", Password: "p"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := tt.client.Account(t.Context(), tt.repository); err != nil || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings registry.Settings
		want     string
	}{
		"a user without a password": {registry.Settings{Server: "ghcr.io", User: "ci"}, "user and password"},
		"a password without a user": {registry.Settings{Password: "p"}, "user and password"},
		"an account for no server":  {registry.Settings{User: "ci", Password: "p"}, "server: want the registry"},
		"a server with a scheme":    {registry.Settings{Server: "https://ghcr.io"}, "without a scheme"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tt.settings.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := (registry.Settings{}).Check(); err != nil {
		t.Errorf("nothing is right too: %v", err)
	}
}
