package image_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	imagetypes "github.com/docker/docker/api/types/image"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/docker/buildkit"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const (
	commit  release.Commit = "0123456789abcdef0123456789abcdef01234567"
	another release.Commit = "fedcba9876543210fedcba9876543210fedcba98"
)

// program builds the small static program that the images hold, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bluegreen-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "app")
	return path, process.Run(context.Background(), process.Command{
		Path: "go", Args: []string{"build", "-trimpath", "-ldflags=-s -w", "-o", path, "../slot/testdata/app"}, Env: []string{"CGO_ENABLED=0"},
	})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// works is a pipeline on the real engine, and what it said.
type works struct {
	image.Pipeline
	engine *docker.Engine
	mu     sync.Mutex
	lines  []string
	found  release.Findings
}

func newWorks(t *testing.T, settings registry.Settings) *works {
	t.Helper()
	client := registry.New(settings)
	engine, err := docker.Open(t.Context(), lab.Docker(t), client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	w := &works{engine: engine}
	w.Pipeline = image.Pipeline{Registry: client, Engine: engine, Builder: buildkit.New(engine, client), Run: run, Say: w.say}
	return w
}

func run(ctx context.Context, c image.Command, out io.Writer) error {
	return process.Run(ctx, process.Command{Path: c.Argv[0], Args: c.Argv[1:], Dir: c.Dir, Env: c.Env, Stdout: out, Stderr: out})
}

func (w *works) say(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
}

func (w *works) said() string { return strings.Join(w.lines, "\n") }

func (w *works) build(t *testing.T, order image.Order) (map[string]image.Built, error) {
	t.Helper()
	w.lines, w.found = nil, release.Findings{}
	t.Cleanup(func() { w.remove(order) })
	return w.Build(t.Context(), order, &w.found)
}

// remove removes the test's own images from the engine.
func (w *works) remove(order image.Order) {
	for _, i := range order.Images {
		_, _ = w.engine.API().ImageRemove(context.Background(), image.Tagged(i.Repository, order.Version), imagetypes.RemoveOptions{Force: true, PruneChildren: true})
	}
}

// status is what was found about an item, and "" when nothing was.
func (w *works) status(id string) release.Status {
	for _, e := range w.found.List() {
		if e.ID == id {
			return e.Status
		}
	}
	return ""
}

// checkout makes a folder with the program and these files in it.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	app, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), app, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// dockerfile is an image with the program and something of its own.
func dockerfile(own string) string {
	return fmt.Sprintf("FROM scratch\nARG VERSION\nENV VERSION=$VERSION OWN=%s\nCOPY app /app\nENTRYPOINT [\"/app\", \"%s\"]\n", own, own)
}

// one is an order of one image, made of a Dockerfile.
func one(t *testing.T, host, text string) image.Order {
	t.Helper()
	return image.Order{
		Images:  map[string]image.Image{"backend": {Repository: host + "/" + lab.Name(t), Context: ".", MaxSize: 500e6}},
		Version: "v1.2.0", Commit: commit, Dir: checkout(t, map[string]string{"Dockerfile": text}),
	}
}
