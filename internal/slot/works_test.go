package slot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	imagetypes "github.com/docker/docker/api/types/image"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/registry/registrytest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// patience is for an engine with a lot else to do.
const patience = 3 * time.Minute

const commit release.Commit = "0123456789abcdef0123456789abcdef01234567"

// layer is the one layer of all images of these tests: a small static program.
var layer = registrytest.Program("./testdata/app")

// kind is what one image of a test does.
type kind struct {
	command string
	env     []string
	checked bool // has a health check
}

func serving(port int, env ...string) kind {
	return kind{"serve", append(env, fmt.Sprintf("PORT=%d", port)), true}
}

func working(env ...string) kind { return kind{"worker", env, false} }

// works is one application in one slot on the real engine.
type works struct {
	t       *testing.T
	engine  *docker.Engine
	host    string
	dir     string
	project string
	slot    release.Slot
	*slot.Environment
	settings slot.Settings
	order    slot.Order
	pushed   []slot.Pin
	found    *release.Findings
	mu       sync.Mutex
	lines    []string
}

// newWorks is a slot with these services; nothing is deployed to it yet.
func newWorks(t *testing.T, s release.Slot, services map[string]any) *works {
	t.Helper()
	w := &works{t: t, slot: s, dir: t.TempDir(), project: lab.Name(t), host: lab.Docker(t), found: new(release.Findings)}
	engine, err := docker.Open(t.Context(), w.host, registry.New(registry.Settings{}))
	if err != nil {
		t.Fatal(err)
	}
	w.engine = engine
	t.Cleanup(w.remove)
	w.write(services)
	place := slot.Place{Compose: []string{"compose.json"}, Project: w.project}
	w.settings = slot.Settings{
		Blue: place, Green: place,
		Workers: slot.WorkerSettings{Service: "worker", Start: slot.FirstStep, Grace: time.Minute},
		Settle:  time.Second, Timeout: patience,
		Logs: slot.LogSettings{Window: time.Hour, NewErrors: slot.Report},
	}
	w.order = slot.Order{
		Release: "acme-app-1", Version: "v1.2.0", Commit: commit, Images: map[string]slot.Pin{},
		Weights: func(context.Context) (release.Weights, error) { return release.Split(s, 0), nil },
	}
	w.open()
	return w
}

// open makes the environment anew, after settings were changed.
func (w *works) open() {
	w.t.Helper()
	project := compose.Project{Name: w.project, Files: []string{"compose.json"}, Dir: w.dir, Host: w.host}
	stack, err := compose.Open(w.t.Context(), project, w.say)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Environment, err = slot.New(w.slot, w.settings, w.engine, stack, w.say)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *works) write(services map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"services": services})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "compose.json"), text, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// service is a service of the compose file, on the host's own network.
func service(image string, more map[string]any) map[string]any {
	s := map[string]any{"image": "registry.example.com/" + image + ":none", "network_mode": "host", "stop_grace_period": "5s"}
	maps.Copy(s, more)
	return s
}

// app is the usual application: a backend, and workers that take jobs.
func app() map[string]any {
	return map[string]any{"backend": service("backend", nil), "worker": service("worker", map[string]any{"deploy": map[string]any{"replicas": 2}})}
}

// push puts an image of the release into the registry, without an engine.
func (w *works) push(image string, k kind) {
	w.t.Helper()
	l, err := layer()
	if err != nil {
		w.t.Fatal(err)
	}
	config := v1.Config{
		Entrypoint: []string{"/app", k.command},
		Env:        append(k.env, "VERSION="+string(w.order.Version), "FOR="+w.project),
		Labels:     map[string]string{"org.opencontainers.image.version": string(w.order.Version), "org.opencontainers.image.revision": string(w.order.Commit)},
	}
	if k.checked {
		config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD", "/app", "health"}, Interval: 500 * time.Millisecond, Timeout: 20 * time.Second, Retries: 2}
	}
	repository := lab.Registry(w.t) + "/" + w.project + "-" + image
	digest := registrytest.Push(w.t, repository+":"+string(w.order.Version), config, l)
	w.order.Images[image] = slot.Pin{Repository: repository, Digest: digest}
	w.pushed = append(w.pushed, w.order.Images[image])
}

func (w *works) deploy() (slot.Deployed, error) {
	w.t.Helper()
	w.mu.Lock()
	w.lines, w.found = nil, new(release.Findings)
	w.mu.Unlock()
	return w.Deploy(w.t.Context(), w.order, w.found)
}

func (w *works) mustDeploy() slot.Deployed {
	w.t.Helper()
	done, err := w.deploy()
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.said())
	}
	return done
}

func (w *works) say(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
}

func (w *works) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

func (w *works) inspect() []slot.Container {
	w.t.Helper()
	all, err := w.Inspect(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// speaking waits until every worker has said that it started: one that has not yet
// is ended by a signal that it would have heeded.
func (w *works) speaking() {
	w.t.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		logs, err := w.Logs(w.t.Context(), 5)
		if err != nil {
			w.t.Fatal(err)
		}
		maps.DeleteFunc(logs, func(name, text string) bool {
			return !strings.HasPrefix(name, "worker ") || strings.Contains(text, "worker started")
		})
		if len(logs) == 0 {
			return
		}
		if time.Since(begin) > patience {
			w.t.Fatalf("workers have not said that they started: %v", logs)
		}
	}
}

// wants compares what was found with lines such as "B.3.v1 passed".
func (w *works) wants(lines ...string) {
	w.t.Helper()
	have := map[string]release.Evidence{}
	for _, e := range w.found.List() {
		have[e.ID] = e
	}
	for _, line := range lines {
		for id := range strings.FieldsSeq(line[strings.Index(line, ":")+1:]) {
			if status := line[:strings.Index(line, ":")]; string(have[id].Status) != status {
				w.t.Errorf("%s is %q, want %q: %s", id, have[id].Status, status, have[id].Observed)
			}
		}
	}
}

// remove removes what the test made, and nothing else.
func (w *works) remove() {
	defer w.engine.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	api := w.engine.API()
	all, _ := w.engine.Containers(ctx, w.project)
	for _, c := range all {
		_ = api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	}
	_, _ = api.NetworksPrune(ctx, filters.NewArgs(filters.Arg("label", "com.docker.compose.project="+w.project)))
	for _, pin := range w.pushed {
		_, _ = api.ImageRemove(ctx, pin.Reference(), imagetypes.RemoveOptions{Force: true, PruneChildren: true})
	}
}

func ids(all []slot.Container) string {
	var text []string
	for _, c := range all {
		text = append(text, c.String()+" "+c.ID[:12]+" "+c.Started.String())
	}
	return strings.Join(text, "\n")
}

// killedAfter is the same slot with a process that dies when it says this.
func (w *works) killedAfter(line string, kill func()) *slot.Environment {
	w.t.Helper()
	say := func(said string) {
		if strings.Contains(said, line) {
			kill()
		}
	}
	stack, err := compose.Open(w.t.Context(), compose.Project{Name: w.project, Files: []string{"compose.json"}, Dir: w.dir, Host: w.host}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := slot.New(w.slot, w.settings, w.engine, stack, say)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func itoa(n int) string { return fmt.Sprint(n) }
