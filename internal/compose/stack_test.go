package compose_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func open(t *testing.T, text string) (stack *compose.Stack, project string, said func() string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines []string
	say := func(line string) { mu.Lock(); defer mu.Unlock(); lines = append(lines, line) }
	project = lab.Name(t)
	stack, err := compose.Open(t.Context(), compose.Project{Name: project, Files: []string{"compose.yml"}, Dir: dir, Env: []string{"TAG=v7"}, Host: lab.Docker(t)}, say)
	if err != nil {
		t.Fatal(err)
	}
	return stack, project, func() string { mu.Lock(); defer mu.Unlock(); return strings.Join(lines, "\n") }
}

func TestFilesAreReadWithVariablesAndOverride(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "version: '3.8'\n", "version: '2.4'\n"} {
		stack, _, _ := open(t, version+"services: {web: {image: 'r/web:${TAG}'}, db: {image: postgres}}\n")
		plain, err := stack.Services(t.Context(), nil)
		if err != nil || plain["web"].Image != "r/web:v7" {
			t.Errorf("%q: %+v, %v", version, plain, err)
		}
		pin := "r/web@sha256:" + strings.Repeat("0", 64)
		pinned, err := stack.Services(t.Context(), slot.Override{"web": {Image: pin, Labels: map[string]string{"a": "b"}}})
		if err != nil || pinned["web"].Image != pin || pinned["db"].Image != "postgres" {
			t.Errorf("%q with override: %+v, %v", version, pinned, err)
		}
	}
}

func TestWhatComposeSaysIsInTheError(t *testing.T) {
	t.Parallel()
	stack, _, said := open(t, "services: {web: {image: '127.0.0.1:9/web'}}\n")
	t.Cleanup(func() { _ = stack.Down(context.Background()) }) // a network may be there already
	if err := stack.Up(t.Context(), nil, slot.Up{Services: []string{"missing"}}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(said(), "missing") {
		t.Errorf("said %q", said())
	}
	broken, _, _ := open(t, "services: [\n")
	if _, err := broken.Services(t.Context(), nil); err == nil {
		t.Error("a broken file was read")
	}
}

func TestDownRemovesTheProjectsOwnNetworkAndKeepsVolumes(t *testing.T) {
	t.Parallel()
	stack, project, _ := open(t, "services: {web: {image: '127.0.0.1:9/web', volumes: ['kept:/kept']}}\nvolumes: {kept: {}}\n")
	engine, err := docker.Open(t.Context(), lab.Docker(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	api := engine.API()
	t.Cleanup(func() {
		_ = api.VolumeRemove(context.Background(), project+"_kept", true)
		_ = api.NetworkRemove(context.Background(), project+"_default")
		_ = engine.Close()
	})
	// The image cannot be had, which compose finds out after the network.
	_ = stack.Up(t.Context(), nil, slot.Up{Services: []string{"web"}})
	if err := stack.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := api.NetworkList(t.Context(), network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "com.docker.compose.project="+project))})
	if err != nil || len(left) > 0 {
		t.Errorf("networks %v, %v", left, err)
	}
	if _, err := api.VolumeInspect(t.Context(), project+"_kept"); err != nil {
		t.Errorf("the volume is gone: %v", err)
	}
}

func TestAProjectWithoutFilesIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := compose.Open(t.Context(), compose.Project{Name: "a"}, nil); release.ExitStatus(err) != int(release.Invalid) {
		t.Errorf("got %v", err)
	}
}
