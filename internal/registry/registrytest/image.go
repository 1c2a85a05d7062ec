// Package registrytest makes the images that tests deploy: small static programs FROM
// scratch, pushed to a real registry without an engine.
package registrytest

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Program is the layer with the program of a folder, relative to that of the test, as
// /app. It is compiled once, when it is first asked for.
func Program(folder string) func() (v1.Layer, error) {
	return sync.OnceValues(func() (v1.Layer, error) {
		dir, err := os.MkdirTemp("", "bluegreen-test-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "app")
		build := process.Command{Path: "go", Args: []string{"build", "-trimpath", "-ldflags=-s -w", "-o", path, folder}, Env: []string{"CGO_ENABLED=0"}}
		if err := process.Run(context.Background(), build); err != nil {
			return nil, err
		}
		app, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return Files(map[string][]byte{"app": app})
	})
}

// Files is the layer with these files, by their paths from the root.
func Files(files map[string][]byte) (v1.Layer, error) {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		_ = out.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(files[path]))}) // a buffer takes everything, and Close tells
		_, _ = out.Write(files[path])
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
}

// Push puts an image into a registry under a reference, for Linux on amd64, and returns
// its digest.
func Push(t testing.TB, reference string, config v1.Config, layers ...v1.Layer) release.Digest {
	t.Helper()
	digest, err := push(reference, config, layers)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func push(reference string, config v1.Config, layers []v1.Layer) (release.Digest, error) {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return "", err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return "", err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", "amd64", config
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return "", err
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, img); err != nil {
		return "", err
	}
	digest, err := img.Digest()
	return release.Digest(digest.String()), err
}
